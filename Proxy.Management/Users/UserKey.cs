using Proxy.Management.Bodies;
using Proxy.Management.Keys;

namespace Proxy.Management.Users;

/// <summary>The key that is made with a user: it may do what the user may.</summary>
internal static class UserKey
{
    public static KeyRequest Make(FieldReader fields, string userId, string? by, DateTimeOffset now)
    {
        var key = KeyFormat.Create();
        var identity = new KeyIdentity
        {
            Hash = KeyHash.Of(key),
            Name = KeyFormat.Shorten(key),
            Alias = fields.Text("key_alias"),
            UserId = userId,
            Models = fields.TextList("models") ?? [],
            ExpiresAt = fields.MomentAfter("duration", now),
            CreatedAt = now,
            UpdatedAt = now,
            CreatedBy = by,
            UpdatedBy = by,
        };
        return new KeyRequest(key, new KeyRecord(identity, 0));
    }
}
