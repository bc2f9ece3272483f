using System.Text.Json.Nodes;

namespace Proxy.Management.Teams;

/// <summary>The list of members within the details of a team.</summary>
internal static class TeamMemberList
{
    public static TeamIdentity With(TeamIdentity team, IEnumerable<TeamMember> members) => Change(team, list =>
    {
        foreach (var member in members) list.Add((JsonNode)member.ToJson());
    });

    public static TeamIdentity WithRole(TeamIdentity team, string userId, string role) => Change(team, list =>
    {
        foreach (var member in list.OfType<JsonObject>().Where(member => IsUser(member, userId))) member["role"] = role;
    });

    public static TeamIdentity Without(TeamIdentity team, string? userId, string? email) => Change(team, list =>
    {
        foreach (var member in list.OfType<JsonObject>().Where(member => IsUser(member, userId) || IsEmail(member, email)).ToList()) list.Remove(member);
    });

    /// <summary>Who is named by an address of mail alone is the user who has it.</summary>
    /// <param name="find">The id of the user; null when nobody has the address.</param>
    public static TeamIdentity WithUsers(TeamIdentity team, Func<string, string?> find)
    {
        var strangers = Of(team.Details).OfType<JsonObject>().Where(IsAddressOnly).Select(member => member["user_email"]!.ToString()).Distinct(StringComparer.Ordinal);
        var found = strangers.Select(email => (Email: email, User: find(email))).Where(pair => pair.User is not null).ToDictionary(pair => pair.Email, pair => pair.User, StringComparer.Ordinal);
        return found.Count == 0 ? team : Change(team, list =>
        {
            foreach (var member in list.OfType<JsonObject>().Where(IsAddressOnly)) member["user_id"] = found.GetValueOrDefault(member["user_email"]!.ToString());
        });
    }

    /// <summary>The id of the member with this address; null when there is none, or none with an id.</summary>
    public static string? FindUser(TeamIdentity team, string? email) =>
        Of(team.Details).OfType<JsonObject>().FirstOrDefault(member => IsEmail(member, email))?["user_id"]?.ToString();

    public static bool Has(TeamIdentity team, string? userId, string? email) =>
        Of(team.Details).OfType<JsonObject>().Any(member => IsUser(member, userId) || IsEmail(member, email));

    private static bool IsAddressOnly(JsonObject member) => member["user_id"] is null && member["user_email"] is not null;

    private static bool IsUser(JsonObject member, string? userId) => userId is not null && member["user_id"]?.ToString() == userId;

    private static bool IsEmail(JsonObject member, string? email) => email is not null && member["user_email"]?.ToString() == email;

    private static JsonArray Of(string details) => JsonNode.Parse(details)![TeamMembers.Field]?.AsArray() ?? [];

    private static TeamIdentity Change(TeamIdentity team, Action<JsonArray> change)
    {
        var details = JsonNode.Parse(team.Details)!.AsObject();
        if (details[TeamMembers.Field] is not JsonArray list) details[TeamMembers.Field] = list = [];
        change(list);
        return team with { Details = details.ToJsonString() };
    }
}
