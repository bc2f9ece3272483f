using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Proxy.Tests.Mail;

/// <summary>A mail server on a loopback port that keeps what it is sent, and answers as the test says.</summary>
internal sealed class FakeMailServer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<Task, bool> _connections = [];
    private readonly Task _accepting;

    /// <param name="port">Zero for any that is free.</param>
    public FakeMailServer(int port = 0)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ConcurrentQueue<TakenMail> Mails { get; } = new();

    /// <summary>Every line that was sent as a command.</summary>
    public ConcurrentQueue<string> Commands { get; } = new();

    /// <summary>What it answers to a command instead of the usual; null for the usual.</summary>
    public Func<string, string?> Answer { get; set; } = _ => null;

    /// <summary>With it the server offers STARTTLS.</summary>
    public X509Certificate2? Certificate { get; set; }

    /// <summary>Takes connections and says nothing.</summary>
    public bool IsSilent { get; set; }

    public async Task<IReadOnlyList<TakenMail>> WaitAsync(int count) => await Eventually.BecomesAsync(
        () => Task.FromResult<IReadOnlyList<TakenMail>>([.. Mails]), mails => mails.Count >= count, TimeSpan.FromSeconds(60));

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections.Keys);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var connection = ServeAsync(await _listener.AcceptSocketAsync(_stopping.Token));
                _connections[connection] = true;
                _ = connection.ContinueWith(task => _connections.TryRemove(task, out _), TaskScheduler.Default);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            if (!IsSilent) await stream.WriteAsync("220 mail.test\r\n"u8.ToArray(), _stopping.Token);
            if (!await ConverseAsync(stream, offersTls: Certificate is not null)) return;

            await using var secure = new SslStream(stream);
            await secure.AuthenticateAsServerAsync(Certificate!);
            await ConverseAsync(secure, offersTls: false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException or AuthenticationException)
        {
            // The gateway hung up, or the test is over.
        }
    }

    /// <returns>True when TLS is to begin.</returns>
    private async Task<bool> ConverseAsync(Stream stream, bool offersTls)
    {
        using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
        await using var writer = new StreamWriter(stream, Encoding.Latin1, leaveOpen: true) { NewLine = "\r\n", AutoFlush = true };
        var recipients = new List<string>();
        while (await reader.ReadLineAsync(_stopping.Token) is { } command)
        {
            Commands.Enqueue(command);
            if (IsVerb(command, "RCPT")) recipients.Add(command);
            var answer = Answer(command) ?? Usual(command, offersTls);
            await writer.WriteLineAsync(answer);
            if (command == "STARTTLS" && offersTls) return true;
            if (command != "DATA" || !answer.StartsWith("354", StringComparison.Ordinal)) continue;

            Mails.Enqueue(new TakenMail([.. recipients], await ReadDataAsync(reader)));
            recipients.Clear();
            await writer.WriteLineAsync("250 taken");
        }

        return false;
    }

    private static string Usual(string command, bool offersTls)
    {
        if (IsVerb(command, "EHLO")) return $"250-mail.test\r\n{(offersTls ? "250-STARTTLS\r\n" : "")}250 AUTH LOGIN";
        if (IsVerb(command, "AUTH")) return "334 UGFzc3dvcmQ6";
        return command switch { "STARTTLS" => "220 go on", "DATA" => "354 go on", "QUIT" => "221 bye", _ => IsVerb(command, "MAIL") || IsVerb(command, "RCPT") ? "250 ok" : "235 welcome" };
    }

    private static bool IsVerb(string command, string verb) => command.StartsWith(verb + " ", StringComparison.OrdinalIgnoreCase);

    private async Task<string> ReadDataAsync(StreamReader reader)
    {
        var lines = new StringBuilder();
        while (await reader.ReadLineAsync(_stopping.Token) is { } line && line != ".")
            lines.Append(line.StartsWith("..", StringComparison.Ordinal) ? line[1..] : line).Append("\r\n");
        return lines.ToString();
    }
}

/// <summary>A mail as it came over the wire.</summary>
internal sealed record TakenMail(IReadOnlyList<string> Recipients, string Data)
{
    private const string HeadEnd = "\r\n\r\n";

    public IReadOnlyList<string> Headers => Data[..Data.IndexOf(HeadEnd, StringComparison.Ordinal)].Replace("\r\n ", " ").Split("\r\n");

    public string Text => HeaderOf("content-transfer-encoding") == "base64"
        ? Encoding.UTF8.GetString(Convert.FromBase64String(Body.Replace("\r\n", "")))
        : FromQuotedPrintable(Body);

    private string Body => Data[(Data.IndexOf(HeadEnd, StringComparison.Ordinal) + HeadEnd.Length)..];

    public string? HeaderOf(string name) =>
        Headers.SingleOrDefault(header => header.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();

    private static string FromQuotedPrintable(string body)
    {
        var bytes = new List<byte>();
        body = body.Replace("=\r\n", "");
        for (var i = 0; i < body.Length; i++)
        {
            var isEscape = body[i] == '=';
            bytes.Add(isEscape ? Convert.ToByte(body.Substring(i + 1, 2), 16) : (byte)body[i]);
            if (isEscape) i += 2;
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
