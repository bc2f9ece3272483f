using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using Proxy.Management.Budgets;

namespace Proxy.Management.Organizations;

/// <summary>The organisations that a user is in, with what they are in each. It stands in the user's row, so that rights come to memory with the user.</summary>
internal static class OrganizationMemberships
{
    public const string Field = "organization_memberships";
    public const string AdminRole = "org_admin";

    /// <summary>What a member may use of the organisation.</summary>
    public static readonly AccountRequest Request = new("alias", "max_budget_in_organization", []);

    public static readonly string[] Roles = [AdminRole, "internal_user", "internal_user_viewer"];

    public static readonly FrozenDictionary<string, string> None = FrozenDictionary<string, string>.Empty;

    /// <summary>The role by the id of the organisation.</summary>
    /// <param name="details">The JSON object of the user.</param>
    public static FrozenDictionary<string, string> Read(string details)
    {
        if (!details.Contains(Field, StringComparison.Ordinal)) return None;

        using var document = JsonDocument.Parse(details);
        return document.RootElement.TryGetProperty(Field, out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().ToFrozenDictionary(entry => entry.GetProperty("organization_id").GetString()!, entry => entry.GetProperty("user_role").GetString()!, StringComparer.Ordinal)
            : None;
    }

    /// <summary>A member with what they may use, as answers show it.</summary>
    public static JsonObject Show(AccountRow terms, string? role)
    {
        var view = ShowTerms(terms);
        view["user_role"] = role;
        return view;
    }

    /// <summary>What a member may use; what they are in it stands with the user.</summary>
    public static JsonObject ShowTerms(AccountRow terms)
    {
        var view = Request.Show(terms, "id");
        foreach (var name in (string[])["id", Request.AliasField]) view.Remove(name);
        view["organization_id"] = terms.AccountId.Owner;
        view["user_id"] = terms.AccountId.Part;
        return view;
    }

    /// <param name="role">Null takes the user out.</param>
    public static string With(string details, string organizationId, string? role)
    {
        var changed = JsonNode.Parse(details)!.AsObject();
        var list = changed[Field] as JsonArray ?? [];
        var others = list.OfType<JsonObject>().Where(entry => entry["organization_id"]?.ToString() != organizationId).Select(entry => entry.DeepClone());
        JsonNode[] own = role is null ? [] : [new JsonObject { ["organization_id"] = organizationId, ["user_role"] = role }];
        changed[Field] = new JsonArray([.. others, .. own]);
        return changed.ToJsonString();
    }
}
