using Proxy.Management.Mail;

namespace Proxy.Management.Invitations;

/// <summary>What became of an invitation, as the answer tells it that made the key or the user. Neither is undone for it.</summary>
/// <param name="Status"><c>sent</c>, <c>waiting</c> for another attempt, <c>queued</c> for the first one, or <c>not_sent</c>.</param>
/// <param name="Details">A sentence for people, without anything that is secret.</param>
internal sealed record InvitationView(string Status, string Details)
{
    public static readonly InvitationView NoUser = NotSent("The key belongs to no user who could be told.");

    public static readonly InvitationView NoAddress = NotSent("The user has no address of mail that a mail can be sent to.");

    public static readonly InvitationView NoServer = NotSent("The gateway has no mail server.");

    public static readonly InvitationView TooMany = NotSent("So many invitations went to this address within the hour that no more are sent.");

    public static readonly InvitationView NotKept = NotSent("The database did not take the mail.");

    /// <param name="verdict">Of the first attempt; null when that is not known yet.</param>
    public static InvitationView Of(MailVerdict? verdict) => verdict switch
    {
        MailVerdict.Sent => new("sent", "The mail server has taken the mail."),
        MailVerdict.Refused => NotSent("The mail server refuses the mail for good."),
        MailVerdict.Postponed => new("waiting", "The mail server does not take the mail now. It is tried again for three days."),
        MailVerdict.Unreachable => new("waiting", "The mail server cannot be reached. The mail is tried again for three days."),
        _ => new("queued", "The mail is on its way. It is tried for three days."),
    };

    private static InvitationView NotSent(string details) => new("not_sent", details);
}
