using Microsoft.AspNetCore.Http;

namespace Proxy.Management.Errors;

/// <summary>A refusal as the result of an endpoint.</summary>
internal sealed class ErrorResult(ProxyError error) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext) => ErrorWriter.WriteAsync(httpContext, error);
}
