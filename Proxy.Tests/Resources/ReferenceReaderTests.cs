using System.Text;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Providers;
using Proxy.Host.Resources;

namespace Proxy.Tests.Resources;

/// <summary>Which ids of a body stand for things that a provider keeps.</summary>
internal sealed class ReferenceReaderTests
{
    [TestCase("""{"previous_response_id":"resp_1","input":"x"}""", "resp_1")]
    [TestCase("""{"previous_response_id":"resp_1","previous_response_id":"resp_2"}""", "resp_1", "resp_2")]
    [TestCase("""{"previous\u005fresponse_id":"resp_1"}""", "resp_1")]
    [TestCase("""{"conversation":"conv_1"}""", "conv_1")]
    [TestCase("""{"conversation":{"id":"conv_1"}}""", "conv_1")]
    [TestCase("""{"input":[{"type":"item_reference","id":"msg_1"},{"id":"msg_2"}]}""", "msg_1", "msg_2")]
    [TestCase("""{"input":[{"id":"msg_1","type":"item_reference","id":"msg_2"}]}""", "msg_1", "msg_2")]
    [TestCase("""{"input":[{"type":"reasoning","id":"rs_1","summary":[]}]}""", "rs_1")]
    [TestCase("""{"input":[{"role":"user","content":[{"type":"input_file","file_id":"file-1"}]}]}""", "file-1")]
    [TestCase("""{"input":[{"type":"function_call_output","call_id":"c","output":[{"type":"input_image","file_id":"file-1"}]}]}""", "file-1")]
    [TestCase("""{"input":[{"role":"user","content":[{"type":"x_output","file_id":"file-1","type":"input_file"}]}]}""", "file-1")]
    [TestCase("""{"tools":[{"type":"code_interpreter","container":{"type":"auto","file_ids":["file-1","file-2"]}},{"type":"file_search","vector_store_ids":["vs_1"]}]}""", "file-1", "file-2", "vs_1")]
    [TestCase("""{"tools":[{"type":"code_interpreter","container":"cntr_1"}]}""", "cntr_1")]
    [TestCase("""{"prompt":{"id":"pmpt_1","variables":{"a":{"type":"input_file","file_id":"file-1"}}}}""", "file-1")]
    public void Of_a_response(string body, params string[] ids) => Find(body, ApiOperation.Response).Should().BeEquivalentTo(ids);

    [TestCase("""{"input":"file_id and previous_response_id"}""")]
    [TestCase("""{"input":[{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"x","annotations":[{"type":"container_file_citation","container_id":"c","file_id":"f"}]}]}]}""")]
    [TestCase("""{"input":[{"type":"reasoning","id":"rs_1","encrypted_content":"x"},{"type":"function_call","id":"fc_1","call_id":"c","arguments":"{\"file_id\":\"f\"}"}]}""")]
    [TestCase("""{"input":[{"type":"file_search_call","id":"fs_1","results":[{"file_id":"f"}]},{"type":"code_interpreter_call","id":"ci_1","container_id":"c"}]}""")]
    [TestCase("""{"tools":[{"type":"function","name":"f","parameters":{"properties":{"file_id":{"type":"string"}},"examples":[{"file_id":"f"}]}}],"metadata":{"file_id":"f"}}""")]
    public void What_a_model_or_a_tool_wrote_loads_nothing(string body) => Find(body, ApiOperation.Response).Should().BeEmpty();

    [Test]
    public void Of_the_other_APIs()
    {
        Find("""{"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}]}""", ApiOperation.Chat).Should().Equal("file-1");
        Find("""{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"file_1"}}]}],"container":{"id":"c_1"}}""", ApiOperation.Messages).Should().Equal("file_1", "c_1");
        Find("""{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"n","input":{"file_id":"own"}}]}]}""", ApiOperation.Messages).Should().BeEmpty();
        Find("""{"contents":[{"parts":[{"fileData":{"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/abc"}},{"fileData":{"fileUri":"https://video.example/1"}}]}],"cachedContent":"cachedContents/1"}""", ApiOperation.GenerateContent)
            .Should().Equal("files/abc", "cachedContents/1");
        Find("""{"model":"m","messages":[{"role":"user","content":"plain"}]}""", ApiOperation.Chat).Should().BeEmpty();
    }

    private static IEnumerable<string> Find(string body, ApiOperation operation) => ReferenceReader.Read(Encoding.UTF8.GetBytes(body), operation).Select(reference => reference.Id);
}
