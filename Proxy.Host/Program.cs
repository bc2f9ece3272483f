using System.CommandLine;
using Proxy.Host.Hosting;

// Read by the runtime once, before the first socket. What a provider sends is worked on where it arrives, without a hand-over to another thread; the code
// behind it does not block. An operator's own word goes first.
const string inlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
if (Environment.GetEnvironmentVariable(inlineCompletions) is null) Environment.SetEnvironmentVariable(inlineCompletions, "1");

var config = new Option<string>("--config") { Description = "The configuration file. Default: proxy.json in the working directory, or beside the program.", HelpName = "FILE" };
var urls = new Option<string>("--urls") { Description = "Where to listen. Default: http://localhost:4000.", HelpName = "URLS" };
var root = new RootCommand("An LLM gateway: one OpenAI-compatible address in front of many providers, with keys, teams, budgets and logs.") { config, urls };

var line = root.Parse(args);
if (line.Errors.Count > 0)
{
    await line.InvokeAsync();
    return Gateway.WrongStart;
}

// Help and version are actions of their own; the root has none.
if (line.Action is not null) return await line.InvokeAsync();

return await Gateway.RunAsync(new GatewayOptions(line.GetValue(config), line.GetValue(urls)));
