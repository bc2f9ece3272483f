using System.Text;

namespace Proxy.Host.Requests.Forms;

/// <summary>Rewrites the model of a form, takes out what was meant for the gateway, and leaves every other byte as the client wrote it.</summary>
internal static class FormSplice
{
    public static OutgoingBody Write(CompletionRequest request, string upstreamModel)
    {
        var form = request.Form!;
        var outgoing = new OutgoingBody();
        var model = Encoding.UTF8.GetBytes(upstreamModel);
        if (!form.Parts.Any(part => part.Kind == FieldKind.Model))
            outgoing.Append((byte[])[.. form.Boundary.Line, .. "\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n"u8, .. model, .. "\r\n"u8]);

        var position = 0;
        foreach (var part in form.Parts)
        {
            if (part.Kind == FieldKind.Model && upstreamModel != request.StatedModel)
            {
                outgoing.Append(request.Body[position..part.ValueStart]);
                outgoing.Append(model);
                position = part.ValueEnd;
            }
            else if (part.Kind.IsForGateway || part.Kind == FieldKind.Metadata)
            {
                outgoing.Append(request.Body[position..part.Start]);
                position = part.End;
            }
        }

        outgoing.Append(request.Body[position..]);
        return outgoing;
    }
}
