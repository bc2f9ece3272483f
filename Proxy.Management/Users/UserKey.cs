using System.Text.Json.Nodes;
using Proxy.Management.Bodies;

namespace Proxy.Management.Users;

/// <summary>The key that is made with a user: it may do what the user may, by the rules of all new keys.</summary>
internal static class UserKey
{
    private static readonly string[] Fields = ["key_alias", "duration", "models"];

    /// <summary>What is asked for, out of the body that asks for the user. The user's budget holds for the key, so it asks for none of its own.</summary>
    public static FieldReader Ask(FieldReader fields, string userId)
    {
        var body = JsonObject.Create(fields.Without("auto_create_key"))!;
        var asked = new JsonObject { [UserContracts.IdField] = userId };
        foreach (var name in Fields)
        {
            if (body.TryGetPropertyValue(name, out var value)) asked[name] = value?.DeepClone();
        }

        return FieldReader.Empty().With(asked);
    }

    /// <summary>Faults are left with the reader of the user.</summary>
    public static void Check(FieldReader fields, DateTimeOffset now)
    {
        fields.Text("key_alias");
        fields.MomentAfter("duration", now);
    }
}
