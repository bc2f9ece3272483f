using System.Buffers;
using System.Text;
using FluentAssertions;
using NUnit.Framework;
using Proxy.Host.Requests;
using Proxy.Host.Requests.Forms;

namespace Proxy.Tests.Requests;

/// <summary>A form that two servers might read in two ways is refused: the model that is checked is the model that is served.</summary>
internal sealed class FormPeekTests
{
    private const string Model = "Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1";
    private const string File = "Content-Disposition: form-data; name=\"file\"; filename=\"Grüße.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n\0\r\n--Y\r\nsound";

    [TestCase("multipart/form-data; boundary=X")]
    [TestCase("multipart/form-data; charset=utf-8; boundary=\"X\"")]
    public void A_form_is_read(string contentType)
    {
        var (request, error) = Read(Form(Model, File, "Content-Disposition: form-data; name=stream\r\n\r\nTrue"), contentType);

        error.Should().BeNull();
        (request.Model, request.IsStream).Should().Be(("whisper-1", true));
        var room = Memory<byte>.Empty;
        Encoding.UTF8.GetString(request.Subset(FieldKind.Input, ref room).Span).Should().Be("""{"file":{"filename":"Gr\u00FC\u00DFe.mp3","bytes":13}}""");
        Encoding.UTF8.GetString(request.Subset(FieldKind.Parameter, ref room).Span).Should().Be("""{"stream":"True"}""");
    }

    private static IEnumerable<TestCaseData> Doubtful()
    {
        yield return Case("twice", Form(Model, Model));
        yield return Case("in upper case", Form(Model, Model.Replace("\"model\"", "\"Model\"")));
        yield return Case("a second name", Form(Model.Replace("\"model\"", "\"x\"; name=\"model\"")));
        yield return Case("an extended name", Form(Model.Replace("name=\"model\"", "name=\"x\"; name*=utf-8''model")));
        yield return Case("an escape in the name", Form(Model, File.Replace(".mp3\"", "\\\"; name=\\\"model\"")));
        yield return Case("a percent sign in the name", Form(Model, Model.Replace("\"model\"", "\"mode%6C\"")));
        yield return Case("two dispositions", Form("Content-Disposition: form-data; name=\"x\"\r\n" + Model));
        yield return Case("a folded head", Form("Content-Disposition: form-data;\r\n name=\"model\"\r\n\r\nwhisper-1"));
        yield return Case("a bare line feed in the head", Form("X: y\n" + Model));
        yield return Case("no head", Form("\r\n\r\nwhisper-1"));
        yield return Case("another encoding", Form("Content-Transfer-Encoding: base64\r\n" + Model));
        yield return Case("the model as a file", Form(Model.Replace("\"model\"", "\"model\"; filename=\"m\"")));
        yield return Case("something before", "x\r\n" + Form(Model));
        yield return Case("something behind", Form(Model) + "\r\n--X\r\n" + Model + "\r\n--X--");
        yield return Case("no end", Form(Model)[..^4]);
        yield return Case("cut in the head", "--X\r\nContent-Disp");
        yield return Case("a boundary with more behind it", Form(Model).Replace("--X--", "--XY\r\n" + Model + "\r\n--X--"));
        yield return Case("a part without a value", "--X\r\nContent-Disposition: form-data; name=\"y\"\r\n\r\n--X\r\n" + Model + "\r\n--X--");
        yield return Case("no model", Form(File));
        yield return Case("a model with a line end", Form(Model + "\r\nx"));
        yield return Case("an address", Form(Model, "Content-Disposition: form-data; name=\"api_base\"\r\n\r\nhttp://x"));
        yield return Case("a stream that is no word", Form(Model, "Content-Disposition: form-data; name=\"stream\"\r\n\r\n1"));
        yield return Case("metadata that is no JSON", Form(Model, "Content-Disposition: form-data; name=\"metadata\"\r\n\r\n{"));
        yield return Case("nothing", "");
        yield return new TestCaseData(Form(Model), "application/json").SetArgDisplayNames("JSON");
        yield return new TestCaseData(Form(Model), "multipart/form-data").SetArgDisplayNames("no boundary");
        yield return new TestCaseData(Form(Model), "multipart/form-data; boundary=X; boundary=Y").SetArgDisplayNames("two boundaries");
        yield return new TestCaseData(Form(Model), "multipart/form-data; boundary=X; boundary*=utf-8''Y").SetArgDisplayNames("an extended boundary");
        yield return new TestCaseData(Form(Model), "multipart/mixed; boundary=X").SetArgDisplayNames("no form");
    }

    [TestCaseSource(nameof(Doubtful))]
    public void What_can_be_read_in_two_ways_is_refused(string body, string contentType) => Read(body, contentType).Error!.Status.Should().Be(400);

    [Test]
    public void Each_cut_of_a_form_is_refused_and_none_breaks_the_reader()
    {
        var whole = Form(Model, File);
        for (var length = 0; length < whole.Length - 2; length++)
            Read(whole[..length], "multipart/form-data; boundary=X").Error.Should().NotBeNull("it is cut at {0}", length);
    }

    private static TestCaseData Case(string name, string body) => new TestCaseData(body, "multipart/form-data; boundary=X").SetArgDisplayNames(name);

    private static string Form(params string[] parts) => string.Concat(parts.Select(part => $"--X\r\n{part}\r\n")) + "--X--\r\n";

    private static (CompletionRequest Request, Proxy.Management.Errors.ProxyError? Error) Read(string text, string contentType)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var rented = ArrayPool<byte>.Shared.Rent(bytes.Length + 1);
        bytes.CopyTo(rented, 0);
        var request = new CompletionRequest(new RequestBody(rented, bytes.Length));
        return (request, FormPeek.Read(request, contentType));
    }
}
