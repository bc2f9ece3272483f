using System.Net;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Tests.Providers;

namespace Proxy.Tests.Gateway;

/// <summary>Operations of OpenAI's API beside conversations: passed as they are, recorded, and billed where the answer bears usage.</summary>
internal sealed class OtherOperationsTests : GatewayFixture
{
    [TestCase("/v1/moderations", """{"model":"gpt-4o-mini","input":"Hello"}""", """{"id":"modr-1","model":"omni-moderation","results":[{"flagged":false}]}""", "amoderation")]
    [TestCase("/v1/rerank", """{"model":"gpt-4o-mini","query":"x","documents":["a","b"],"stream":true}""", """{"results":[{"index":1,"relevance_score":0.9}],"usage":{"prompt_tokens":7,"total_tokens":7}}""", "arerank")]
    [TestCase("/v1/images/generations", """{"model":"gpt-4o-mini","prompt":"A cat"}""", """{"created":1,"data":[{"b64_json":"aWk="}],"usage":{"input_tokens":5,"output_tokens":100,"total_tokens":105}}""", "aimage_generation")]
    public async Task It_passes_byte_for_byte_and_is_recorded(string path, string asked, string answer, string callType)
    {
        Provider.Answer = (context, _) => FakeProvider.Json(context, answer);

        using var response = await Client.PostAsync(path, new StringContent(asked));
        using var unversioned = await Client.PostAsync(path["/v1".Length..], new StringContent(asked));

        (response.StatusCode, await response.Content.ReadAsStringAsync()).Should().Be((HttpStatusCode.OK, answer));
        unversioned.StatusCode.Should().Be(HttpStatusCode.OK);
        Provider.Calls.Select(call => (call.Path, call.Body)).Should().AllBeEquivalentTo((path, asked));
        (await Gateway.QueryAsync<string>("select call_type from spend_log")).Should().Equal(callType, callType);
        (await Gateway.LedgerAsync()).Should().OnlyContain(row => row.Outcome == "Success" && row.Tokens > 0);
    }

    [Test]
    public async Task A_stream_of_pictures_is_refused_before_anyone_is_asked()
    {
        using var response = await Client.PostAsync("/v1/images/generations", new StringContent("""{"model":"gpt-4o-mini","prompt":"A cat","stream":true}"""));

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync()).Should().Contain("Images are not streamed");
        Provider.Calls.Should().BeEmpty();
    }
}
