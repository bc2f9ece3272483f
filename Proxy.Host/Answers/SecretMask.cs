namespace Proxy.Host.Answers;

/// <summary>Covers the provider's credential where an answer quotes it, as error messages do. The length stays, so that framing does.</summary>
internal static class SecretMask
{
    private const int MinLength = 8;

    public static void Apply(Span<byte> answer, ReadOnlySpan<byte> secret)
    {
        if (secret.Length < MinLength) return;

        for (var at = answer.IndexOf(secret); at >= 0; at = answer.IndexOf(secret)) answer.Slice(at, secret.Length).Fill((byte)'*');
    }
}
