using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Google.Apis.Auth.OAuth2;
using Proxy.Logging.Records;

namespace Proxy.Logging.GoogleStorage;

/// <summary>Access tokens for buckets: of a service account's file, else of the machine itself.</summary>
internal sealed class GoogleTokens
{
    private const string Scope = "https://www.googleapis.com/auth/devstorage.read_write";
    private const int MaxRemembered = 256;

    // By the hash of what they are made of, so that two teams never share one by mistake.
    private readonly ConcurrentDictionary<string, GoogleCredential> _credentials = new();

    /// <exception cref="InvalidOperationException">The credential is none.</exception>
    public async Task<string> FindAsync(LogTarget target, CancellationToken abort)
    {
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(target.SecretKey)));
        if (!_credentials.TryGetValue(key, out var credential))
        {
            if (_credentials.Count >= MaxRemembered) _credentials.Clear();
            credential = _credentials[key] = await ReadAsync(target, abort);
        }

        return await credential.UnderlyingCredential.GetAccessTokenForRequestAsync(cancellationToken: abort);
    }

    private static async Task<GoogleCredential> ReadAsync(LogTarget target, CancellationToken abort)
    {
        if (target.SecretKey.Length == 0) return (await GoogleCredential.GetApplicationDefaultAsync(abort)).CreateScoped(Scope);

        // A service account and nothing else: other kinds of files can name addresses to call and programs to start.
        using var json = new MemoryStream(Encoding.UTF8.GetBytes(target.SecretKey));
        var account = await CredentialFactory.FromStreamAsync<ServiceAccountCredential>(json, abort);

        // The file names where tokens are asked for; that must not open the private network either.
        if (!target.IsTrusted && account.TokenServerUrl != GoogleAuthConsts.OidcTokenUrl)
            throw new InvalidOperationException("The service account asks for its tokens elsewhere than at Google.");
        return account.ToGoogleCredential().CreateScoped(Scope);
    }
}
