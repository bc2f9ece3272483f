using System.Data.Common;
using Microsoft.Extensions.Logging;
using Proxy.Management.Bodies;
using Proxy.Management.Budgets;
using Proxy.Management.Keys;
using Proxy.Management.Mail;
using Proxy.Management.Storage;
using Proxy.Management.Users;

namespace Proxy.Management.Invitations;

/// <summary>Tells a user by mail of what was made for them, where the request asks for it. What was made stays, whatever becomes of the mail.</summary>
internal sealed partial class InvitationSender(AccountStore accounts, MailSender mails, TimeProvider time, ILogger<InvitationSender> logger)
{
    public const string Field = "send_invite_email";

    /// <summary>How long an answer waits for the first attempt, to be able to tell of it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly InvitationLimit _limit = new(time);

    /// <param name="fields">What the request states.</param>
    /// <param name="userId">Who is to be told.</param>
    /// <param name="key">Their new key; null for a user without one.</param>
    /// <returns>Null when the request does not ask for it.</returns>
    public async Task<InvitationView?> SendAsync(FieldReader fields, string? userId, KeyIdentity? key, CancellationToken cancellationToken)
    {
        if (fields.Flag(Field) != true) return null;
        if (userId is null) return InvitationView.NoUser;
        if (mails.Server is not { } server) return InvitationView.NoServer;

        try
        {
            if (await FindAddressAsync(userId, cancellationToken) is not { } address) return InvitationView.NoAddress;
            if (!_limit.TryTake(address)) return InvitationView.TooMany;

            return InvitationView.Of(await mails.SendAndWaitAsync(InvitationMail.Compose(address, key, server.InvitationText), Patience, cancellationToken));
        }
        catch (Exception exception) when (exception is DbException || DatabaseTrouble.IsIn(exception))
        {
            LogNotKept(exception);
            return InvitationView.NotKept;
        }
    }

    private async Task<string?> FindAddressAsync(string userId, CancellationToken cancellationToken)
    {
        var row = await accounts.FindAsync(new AccountId(AccountKind.User, userId), cancellationToken);
        return row is not null && UserRows.FindEmail(row) is { } address && MailText.IsAddress(address) ? address : null;
    }

    [LoggerMessage(LogLevel.Error, "An invitation could not be kept.")]
    private partial void LogNotKept(Exception exception);
}
