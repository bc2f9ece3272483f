using System.Buffers;
using Proxy.Management.Errors;

namespace Proxy.Host.Exchanges;

/// <summary>Answers with what an exchange came to instead of an answer, in the client's own API.</summary>
internal static class RefusalWriter
{
    private const string Json = "application/json";

    public static async Task WriteAsync(HttpContext context, Exchange exchange, TimeProvider time)
    {
        var response = context.Response;
        var body = default(ReadOnlyMemory<byte>);
        if (exchange.Refusal is { } refusal)
        {
            body = (exchange.Operation?.Api ?? Providers.ClientApi.OpenAi).ErrorBody(refusal);
            response.StatusCode = refusal.Status;
            response.ContentType = Json;
            ErrorWriter.SetHeaders(response, refusal);
        }
        else if (exchange.ProviderRefusal is { } answer)
        {
            body = answer.Body;
            response.StatusCode = answer.Status;
            response.ContentType = answer.ContentType is { } type && System.Text.Ascii.IsValid(type) ? type : Json;
            foreach (var (name, value) in answer.Headers) Answers.AnswerHead.Set(response, name, value);
        }

        Answers.CallerHeaders.Show(response, exchange);
        response.ContentLength = body.Length;
        response.BodyWriter.Write(body.Span);

        // Whether it is read or not, the call is recorded.
        _ = await Answers.ClientWriter.FlushAsync(context, time);
    }
}
