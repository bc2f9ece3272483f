using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Models;
using Proxy.Host.Providers;
using Proxy.Host.Requests;
using Yarp.ReverseProxy.Configuration;

namespace Proxy.Tests.Requests;

internal sealed class RequestPeekTests
{
    [Test]
    public void It_finds_what_steers_and_what_the_log_wants()
    {
        using var request = Read("""
            {"messages":[{"role":"user","content":"hi","model":"inner"}],"user":"u","stream":true,"stream_options":{"include_usage":true},
             "metadata":{"trace_id":"t","trace_name":"n","session_id":5,"trace_user_id":"tu","generation_name":"g","tags":["a","a","b"],"x":{"y":[1]},"user_api_key_alias":"forged"},
             "model":"m","temperature":0.5}
            """);

        (request.Model, request.IsStream, request.WantsUsage, request.User).Should().Be(("m", true, true, "u"));
        var metadata = request.Metadata;
        (metadata.TraceId, metadata.TraceName, metadata.SessionId, metadata.TraceUserId, metadata.GenerationName).Should().Be(("t", "n", "5", "tu", "g"));
        metadata.Tags.Should().Equal("a", "b");
        metadata.Fields.Single().Should().Be(KeyValuePair.Create("x", """{"y":[1]}"""));
        var (parameters, input) = Subsets(request);
        parameters.Should().Be("""{"stream":true,"temperature":0.5}""");
        JsonNode.Parse(input)!["messages"]![0]!["content"]!.GetValue<string>().Should().Be("hi");
    }

    [Test]
    public void What_is_too_long_or_too_much_in_metadata_is_left_out()
    {
        var (name, value) = (new string('n', 256), new string('v', 4096));
        using var request = Read($$$"""
            {"model":"m","metadata":{"{{{name}}}":1,"{{{name}}}n":{"left":[2]},"trace_{{{name}}}n":3,"value":"{{{value}}}","longer":"v{{{value}}}",{{{string.Join(',', Enumerable.Range(0, 70).Select(index => $"\"f{index}\":{index}"))}}}}}
            """);

        request.Metadata.Fields.Keys.Should().Equal([name, "value", .. Enumerable.Range(0, 62).Select(index => $"f{index}")]);
        request.Metadata.TraceFields.Should().BeEmpty();
    }

    [TestCase("""{"model":"m"}""", "{}")]
    [TestCase("""{"model":"m","a":1,"b":[2],"n":3}""", """{"a":1,"b":[2],"n":3}""")]
    [TestCase("""{"model":"m","messages":[],"a":1,"prompt":""}""", """{"a":1}""")]
    [TestCase("""{"top_p":1,"model":"m", "stop" : [ "a" , 1.50 ] ,"n":null}""", """{"top_p":1,"stop":[ "a" , 1.50 ],"n":null}""")]
    [TestCase("""{"model":"m","gr\u00f6\u00dfe \"x\"":{"ä":"\u0000"}}""", """{"gr\u00f6\u00dfe \"x\"":{"ä":"\u0000"}}""")]
    public void Parameters_are_told_as_the_client_wrote_them(string asked, string told)
    {
        using var request = Read(asked);

        Subsets(request).Parameters.Should().Be(told);
    }

    [TestCase("""{"model":"m","stream":true}""", """{"stream_options":{"include_usage":true},"model":"m","stream":true}""")]
    [TestCase("""{"model":"m","stream":true,"stream_options":{"include_usage":false}}""", """{"model":"m","stream":true,"stream_options":{"include_usage":true}}""")]
    [TestCase("""{"model":"m","stream":true,"stream_options":null}""", """{"model":"m","stream":true,"stream_options":{"include_usage":true}}""")]
    [TestCase("""{"model":"m","stream":false}""", """{"model":"m","stream":false}""")]
    [TestCase(""" { "model" : "m" , "tags" : [] } """, """ { "model" : "m" } """)]
    [TestCase("""{"tags":[],"no-log":true,"model":"m"}""", """{"model":"m"}""")]
    [TestCase("""{"tags":[],"model":"m","cache":{},"fallbacks":[]}""", """{"model":"m"}""")]
    [TestCase("""{"a":1,"tags":[],"b":2,"_x":{},"model":"m","c":3}""", """{"a":1,"b":2,"model":"m","c":3}""")]
    public void Only_what_must_change_is_changed(string asked, string sent)
    {
        using var request = Read(asked);

        Sent(request, "m").Should().Be(sent);
    }

    [Test]
    public void The_upstream_name_takes_the_models_place_whatever_is_in_it()
    {
        using var request = Read("""{"model":"m","n":1}""");

        JsonNode.Parse(Sent(request, "a\"b/ü"))!["model"]!.GetValue<string>().Should().Be("a\"b/ü");
    }

    /// <summary>Every subset of fields in every order: what arrives is JSON with exactly the fields that may go on.</summary>
    [Test]
    public void Whatever_stands_where_the_result_is_the_body_without_what_stays_here()
    {
        string[] fields = ["\"model\":\"m\"", "\"tags\":[\"x\"]", "\"_p\":{\"a\":[1]}", "\"seed\":4", "\"stream\":true"];
        foreach (var order in Permutations(fields))
        {
            using var request = Read($"{{ {string.Join(" , ", order)} }}");

            var sent = JsonNode.Parse(Sent(request, "up"))!.AsObject();

            sent.Select(field => field.Key).Should().BeEquivalentTo("model", "seed", "stream", "stream_options");
            sent["model"]!.GetValue<string>().Should().Be("up");
        }
    }

    /// <summary>A provider's parser may take the other one: what was estimated, checked or logged would not be what is answered.</summary>
    [TestCase("model", "\"a\"", "\"b\"")]
    [TestCase("messages", "[]", "[1]")]
    [TestCase("max_tokens", "1", "100000")]
    [TestCase("max_completion_tokens", "1", "2")]
    [TestCase("n", "1", "100")]
    [TestCase("service_tier", "\"default\"", "\"priority\"")]
    [TestCase("fallbacks", "[]", "[\"x\"]")]
    public void A_field_that_counts_stands_once_however_it_is_written(string name, string first, string second)
    {
        foreach (var again in (string[])[name, $"\\u{(int)name[0]:x4}{name[1..]}"])
        {
            using var request = Open($"{{\"{name}\":{first},\"x\":1,\"{again}\":{second}}}");

            RequestPeek.Read(request)!.Message.Should().Be($"The field '{name}' stands in the request body twice.");
        }
    }

    private static CompletionRequest Read(string json)
    {
        var request = Open(json);
        RequestPeek.Read(request).Should().BeNull();
        return request;
    }

    private static CompletionRequest Open(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        var rented = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(rented, 0);
        return new CompletionRequest(new RequestBody(rented, bytes.Length));
    }

    private static string Sent(CompletionRequest request, string upstreamModel)
    {
        var deployment = Deployment.Read(new DestinationConfig { Address = "http://provider.invalid" }, Assert.Fail)!;
        using var outgoing = ProviderDialect.Find(ProviderNames.OpenAi)!.Write(request, deployment, ApiOperation.Chat, upstreamModel);
        var text = outgoing.ReadAsStringAsync().GetAwaiter().GetResult(); // into memory, so at once
        outgoing.Length.Should().Be(Encoding.UTF8.GetByteCount(text));
        return text;
    }

    /// <summary>In no more room than there is for both.</summary>
    private static (string Parameters, string Input) Subsets(CompletionRequest request)
    {
        Memory<byte> room = new byte[request.Body.Length + (2 * CompletionRequest.SubsetRoom)];
        var (parameters, input) = (request.Subset(FieldKind.Parameter, ref room), request.Subset(FieldKind.Input, ref room));
        return (Encoding.UTF8.GetString(parameters.Span), Encoding.UTF8.GetString(input.Span));
    }

    private static IEnumerable<string[]> Permutations(string[] items) => items.Length <= 1
        ? [items]
        : items.SelectMany((item, index) => Permutations([.. items[..index], .. items[(index + 1)..]]).Select(rest => (string[])[item, .. rest]));
}
