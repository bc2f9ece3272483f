using Proxy.Management.ApiDescription;

namespace Proxy.Management.Callbacks;

/// <summary>The tests of callbacks in the API's document.</summary>
internal static class CallbackTestDescriptions
{
    public static readonly EndpointDescription[] All =
    [
        new("POST", "/key/health", "Sends a test record wherever the calls of the caller's key are logged.") { Answer = CallbackTestJson.Default.KeyHealth },
        new("POST", "/team/{team_id}/callback/test", "Sends a test record to each callback of a team.")
        {
            Pattern = "/team/{**path:regex(^.+/callback/test$)}",
            Answer = CallbackTestJson.Default.CallbackHealth,
        },
    ];
}
