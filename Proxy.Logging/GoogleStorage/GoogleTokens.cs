using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Google.Apis.Auth.OAuth2;
using Proxy.Logging.Records;

namespace Proxy.Logging.GoogleStorage;

/// <summary>Access tokens for buckets: of a service account's file, else of the machine itself.</summary>
internal sealed class GoogleTokens(TimeProvider time)
{
    private const string Scope = "https://www.googleapis.com/auth/devstorage.read_write";
    private const int MaxRemembered = 256;

    /// <summary>Off Google's machines nobody may answer at all, and the library would wait for a hundred seconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // By the hash of what they are made of, so that two teams never share one by mistake.
    private readonly ConcurrentDictionary<string, ICredential> _credentials = new();

    /// <exception cref="InvalidOperationException">The credential is none, or nobody gave a token for it in time.</exception>
    public async Task<string> FindAsync(LogTarget target, CancellationToken abort)
    {
        using var timer = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, abort);
        try
        {
            var key = KeyOf(target);
            if (!_credentials.TryGetValue(key, out var credential))
            {
                if (_credentials.Count >= MaxRemembered) _credentials.Clear();
                credential = _credentials[key] = await ReadAsync(target, either.Token);
            }

            return await credential.GetAccessTokenForRequestAsync(cancellationToken: either.Token);
        }
        catch (OperationCanceledException exception) when (!abort.IsCancellationRequested)
        {
            throw new InvalidOperationException("Nobody gave a token in time.", exception);
        }
    }

    /// <summary>The token was refused: it may be valid by its time and yet be withdrawn, so the next one is a new one.</summary>
    public void Forget(LogTarget target) => _credentials.TryRemove(KeyOf(target), out _);

    private static string KeyOf(LogTarget target) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(target.SecretKey)));

    private static async Task<ICredential> ReadAsync(LogTarget target, CancellationToken abort)
    {
        if (target.SecretKey.Length == 0) return await ReadOwnAsync(abort);

        // A service account and nothing else: other kinds of files can name addresses to call and programs to start.
        using var json = new MemoryStream(Encoding.UTF8.GetBytes(target.SecretKey));
        var account = await CredentialFactory.FromStreamAsync<ServiceAccountCredential>(json, abort);

        // The file names where tokens are asked for; that must not open the private network either.
        if (!target.IsTrusted && account.TokenServerUrl != GoogleAuthConsts.OidcTokenUrl)
            throw new InvalidOperationException("The service account asks for its tokens elsewhere than at Google.");
        return account.ToGoogleCredential().CreateScoped(Scope);
    }

    private static async Task<ICredential> ReadOwnAsync(CancellationToken abort)
    {
        try
        {
            return (await GoogleCredential.GetApplicationDefaultAsync(abort)).CreateScoped(Scope);
        }
        catch (InvalidOperationException)
        {
            // The library asks once in the life of a process whether it is on a machine of Google's, and remembers a no.
            return new ComputeCredential(new ComputeCredential.Initializer { Scopes = [Scope] });
        }
    }
}
