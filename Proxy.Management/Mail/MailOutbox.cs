using System.Data.Common;
using System.Security.Cryptography;
using Dapper;
using Microsoft.AspNetCore.DataProtection;
using Proxy.Management.Storage;

namespace Proxy.Management.Mail;

/// <summary>A mail that waits, as its row holds it.</summary>
internal sealed record WaitingMail
{
    public required string MailId { get; init; }
    public required string Recipient { get; init; }
    public required string Subject { get; init; }

    /// <summary>Encrypted.</summary>
    public required string Content { get; init; }

    public long CreatedAt { get; init; }
    public long Attempts { get; init; }
}

/// <summary>The rows of mails that wait. Writes take the transaction of the commit queue.</summary>
internal sealed class MailOutbox(Database database, IDataProtectionProvider protection, TimeProvider time)
{
    private const int MaxAtOnce = 50;

    private const string InsertSql = """
        insert into mail (mail_id, recipient, subject, content, created_at, next_attempt_at, attempts)
        values (@id, @Recipient, @Subject, @content, @now, @now, 0)
        """;

    private const string DueSql = """
        select mail_id as MailId, recipient as Recipient, subject as Subject, content as Content, created_at as CreatedAt, attempts as Attempts
        from mail
        where next_attempt_at <= @now
        order by next_attempt_at
        limit @limit
        """;

    private const string PostponeSql = """
        update mail
        set attempts = attempts + 1, next_attempt_at = @at
        where mail_id = @id
        """;

    private const string DeleteSql = """
        delete from mail
        where mail_id = @id
        """;

    private readonly IDataProtector _protector = protection.CreateProtector("Proxy.Management.Mail.v1");

    public string NewId() => Guid.CreateVersion7(time.GetUtcNow()).ToString("N");

    public void Insert(DbConnection connection, DbTransaction transaction, string id, MailText mail)
    {
        var now = time.GetUtcNow();
        var parameters = new
        {
            id,
            mail.Recipient,
            mail.Subject,
            content = _protector.Protect(mail.Text),
            now = now.ToUnixTimeMilliseconds(),
        };
        connection.Execute(InsertSql, parameters, transaction);
    }

    public async Task<IReadOnlyList<WaitingMail>> ListDueAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenApartAsync(cancellationToken);
        var parameters = new { now = time.GetUtcNow().ToUnixTimeMilliseconds(), limit = MaxAtOnce };
        return [.. await connection.QueryAsync<WaitingMail>(new CommandDefinition(DueSql, parameters, cancellationToken: cancellationToken))];
    }

    /// <returns>Null when the row cannot be decrypted.</returns>
    public MailText? Open(WaitingMail mail)
    {
        try
        {
            return new MailText(mail.Recipient, mail.Subject, _protector.Unprotect(mail.Content));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    public static void Postpone(DbConnection connection, DbTransaction transaction, string id, DateTimeOffset at) =>
        connection.Execute(PostponeSql, new { id, at = at.ToUnixTimeMilliseconds() }, transaction);

    public static void Delete(DbConnection connection, DbTransaction transaction, string id) => connection.Execute(DeleteSql, new { id }, transaction);
}
