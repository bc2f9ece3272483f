using System.CommandLine;
using Proxy.Host.Hosting;

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
