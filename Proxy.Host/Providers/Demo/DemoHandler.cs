using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Proxy.Host.Providers.Demo;

/// <summary>Answers the calls that go to the demo provider; hands the others on. So a demo call goes the whole way of a call but its last step.</summary>
internal sealed class DemoHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>Where demo calls go, whatever address their destination has: a place that no name server knows.</summary>
    public const string Address = $"http://{Host}/v1";

    private const string Host = "demo.invalid";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri is not { Host: Host } uri) return await base.SendAsync(request, cancellationToken);

        using var body = new MemoryStream();
        await request.Content!.CopyToAsync(body, cancellationToken);
        if (request.Content?.Headers.ContentType?.MediaType != "application/json") return Unknown(request);

        var asked = DemoRequest.Read(body.GetBuffer().AsSpan(0, (int)body.Length));

        var isStream = asked.IsStream && !uri.AbsolutePath.EndsWith("/embeddings", StringComparison.Ordinal);
        var answer = new HttpResponseMessage(HttpStatusCode.OK) { RequestMessage = request, Content = new ByteArrayContent(DemoAnswer.Write(uri.AbsolutePath, asked)) };
        answer.Content.Headers.ContentType = new MediaTypeHeaderValue(isStream ? "text/event-stream" : "application/json");
        return answer;
    }

    /// <summary>The demo takes no files.</summary>
    private static HttpResponseMessage Unknown(HttpRequestMessage request) => new(HttpStatusCode.NotFound)
    {
        RequestMessage = request,
        Content = new StringContent("""{"error":{"message":"The demo takes no files.","type":"invalid_request_error","param":null,"code":null}}""", Encoding.UTF8, "application/json"),
    };
}
