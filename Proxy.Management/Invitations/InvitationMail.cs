using System.Globalization;
using System.Text;
using Proxy.Management.Keys;
using Proxy.Management.Mail;

namespace Proxy.Management.Invitations;

/// <summary>The text of an invitation: nothing that opens anything, and no words that a client has chosen.</summary>
internal static class InvitationMail
{
    /// <param name="recipient">An address.</param>
    /// <param name="key">Null where a user was made without one.</param>
    /// <param name="words">What the operator adds.</param>
    public static MailText Compose(string recipient, KeyIdentity? key, string? words)
    {
        var text = new StringBuilder();
        if (key is null)
        {
            text.Append("You have become a user of the LLM gateway.\n");
        }
        else
        {
            text.Append("A key for the LLM gateway was made for you.\n\n");
            text.Append(CultureInfo.InvariantCulture, $"Key: {key.Name}\n");
            text.Append(CultureInfo.InvariantCulture, $"Valid until: {(key.ExpiresAt is { } end ? end.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture) : "no end is set")}\n");
            if (key.Limits.MaxBudget is { } budget) text.Append(CultureInfo.InvariantCulture, $"Budget: {budget:0.##########} USD\n");
            text.Append("\nThe key itself is not in this mail, since whoever reads it could call in your name. Whoever made the key can hand it to you.\n");
        }

        if (words is not null) text.Append('\n').Append(words.ReplaceLineEndings("\n")).Append('\n');
        return new MailText(recipient, key is null ? "You are a user of the LLM gateway" : "A key for the LLM gateway", text.ToString());
    }
}
