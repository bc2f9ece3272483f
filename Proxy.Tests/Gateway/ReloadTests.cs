using System.Net;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>proxy.json edited while calls are served.</summary>
internal sealed class ReloadTests : GatewayFixture
{
    [Test]
    public async Task An_edit_is_applied_without_dropping_the_call_in_flight()
    {
        var started = new TaskCompletionSource();
        var rest = new TaskCompletionSource();
        Provider.Answer = async (context, _) =>
        {
            await FakeProvider.Stream(context, OpenAiBodies.Chunk("begun under the old"));
            started.SetResult();
            await rest.Task.WaitAsync(Limit);
            await FakeProvider.Stream(context, OpenAiBodies.Chunk("{}", "stop"), OpenAiBodies.Done);
        };
        var inFlight = Client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"gpt-4o-mini","stream":true}"""));
        await started.Task.WaitAsync(Limit);

        Gateway.Folder.WriteConfig(TestClusters.At(Provider.Address, "new"), new JsonObject { ["Prices"] = Price(1) });
        (await ModelsBecomeAsync("new")).Should().Contain("\"new\"").And.NotContain("\"gpt-4o-mini\"");
        rest.SetResult();
        using var answer = await inFlight;
        (await answer.Content.ReadAsStringAsync()).Should().Contain("begun under the old").And.EndWith("data: [DONE]\n\n");

        Provider.Answer = (context, _) => FakeProvider.Json(context, OpenAiBodies.Chat("Hi", prompt: 2, completion: 0));
        (await CallAsync("new"), await CallAsync(Model)).Should().Be((HttpStatusCode.OK, HttpStatusCode.BadRequest));
        (await Gateway.LedgerAsync()).Single(row => row.Model == "new").Cost.Should().Be(2_000_000_000_000);
    }

    [TestCase("{ broken")]
    [TestCase("""{"ReverseProxy":{"Routes":{"a":{"Order":"99999999999","Match":{"Path":"/v1/{**rest}"},"Metadata":{"Api":"openai"}}}}}""")]
    [TestCase("""{"ReverseProxy":{"Clusters":{"x":{}}}}""")]
    public async Task After_a_broken_edit_the_old_configuration_serves_on_and_the_next_good_one_is_applied(string broken)
    {
        File.WriteAllText(Gateway.Folder.ConfigPath, broken);
        await Gateway.LogBecomesAsync("is not applied");
        (await CallAsync(Model)).Should().Be(HttpStatusCode.OK);

        Gateway.Folder.WriteConfig(TestClusters.At(Provider.Address, "new"));

        (await ModelsBecomeAsync("new")).Should().Contain("\"new\"");
        (await CallAsync("new")).Should().Be(HttpStatusCode.OK);
    }

    private static JsonObject Price(int dollars) => new() { ["new"] = new JsonObject { ["InputCostPerToken"] = dollars, ["OutputCostPerToken"] = dollars } };

    private Task<string> ModelsBecomeAsync(string model) =>
        Eventually.BecomesAsync(() => Client.GetStringAsync("/v1/models"), models => models.Contains($"\"{model}\""));

    private async Task<HttpStatusCode> CallAsync(string model)
    {
        using var response = await Client.PostAsync("/v1/chat/completions", new StringContent($$"""{"model":"{{model}}"}"""));
        return response.StatusCode;
    }
}
