using System.Buffers;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace Proxy.Host.Requests.Forms;

/// <summary>What stands between the parts of a form.</summary>
internal sealed class FormBoundary
{
    private const string FormData = "multipart/form-data";
    private const int MaxLength = 70;

    /// <summary>The alphabet that the standard gives it, but for the blank.</summary>
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'()+_,-./:=?");

    private FormBoundary(string text)
    {
        Line = Encoding.ASCII.GetBytes("--" + text);
        ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse($"{FormData}; boundary=\"{text}\"");
    }

    /// <summary>As it begins a line.</summary>
    public byte[] Line { get; }

    public System.Net.Http.Headers.MediaTypeHeaderValue ContentType { get; }

    /// <returns>Null when the header names no form, or not one boundary that every server reads in the same way.</returns>
    public static FormBoundary? Find(string? contentType)
    {
        if (!Microsoft.Net.Http.Headers.MediaTypeHeaderValue.TryParse(contentType, out var type) || !type.MediaType.Equals(FormData, StringComparison.OrdinalIgnoreCase)) return null;

        var named = type.Parameters.Where(parameter => parameter.Name.StartsWith("boundary", StringComparison.OrdinalIgnoreCase)).ToList();
        if (named.Count != 1 || named[0].Name.Length != "boundary".Length) return null;

        var text = HeaderUtilities.RemoveQuotes(named[0].Value).ToString();
        return text.Length is > 0 and <= MaxLength && !text.AsSpan().ContainsAnyExcept(Allowed) ? new FormBoundary(text) : null;
    }
}
