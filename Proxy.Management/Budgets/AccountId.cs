using Proxy.Management.Keys;

namespace Proxy.Management.Budgets;

/// <summary>What can have a budget and limits.</summary>
public enum AccountKind
{
    Proxy,
    Organization,
    Team,
    Member,
    User,
    Key,
    KeyModel,
    TeamModel,
    Customer,
    Tag,
    OrganizationMember,
}

/// <summary>Which one. An id of two parts has the unit separator between them, which no id may hold.</summary>
internal readonly record struct AccountId(AccountKind Kind, string Id)
{
    private const char Separator = '\u001f';

    public static readonly AccountId Proxy = new(AccountKind.Proxy, "proxy");

    public static AccountId Of(in KeyHash hash) => new(AccountKind.Key, hash.ToString());

    public static AccountId OfTeam(string teamId) => new(AccountKind.Team, teamId);

    public static AccountId OfMember(string teamId, string userId) => new(AccountKind.Member, $"{teamId}{Separator}{userId}");

    public static AccountId OfOrganizationMember(string organizationId, string userId) => new(AccountKind.OrganizationMember, $"{organizationId}{Separator}{userId}");

    public static AccountId OfModel(AccountKind kind, string ownerId, string model) => new(kind, $"{ownerId}{Separator}{model}");

    /// <summary>The ids of two parts whose first one this is lie between these.</summary>
    public static (string First, string Beyond) RangeOf(string ownerId) => ($"{ownerId}{Separator}", $"{ownerId}{Separator}\uffff");

    /// <summary>The word in the database, in budget refusals and in alerts.</summary>
    public string Scope => Kind switch
    {
        AccountKind.Proxy => "proxy",
        AccountKind.Organization => "organization",
        AccountKind.Team => "team",
        AccountKind.Member => "team_member",
        AccountKind.User => "user",
        AccountKind.Key => "key",
        AccountKind.KeyModel => "model_per_key",
        AccountKind.TeamModel => "model_per_team",
        AccountKind.Customer => "end_user",
        AccountKind.OrganizationMember => "organization_member",
        _ => "tag",
    };

    /// <summary>The model that an account is for alone.</summary>
    public string Model => Part;

    /// <summary>The second part of an id of two: the model, or the user.</summary>
    public string Part => Id[(Id.IndexOf(Separator) + 1)..];

    /// <summary>The first part of an id of two.</summary>
    public string Owner => Id[..Math.Max(Id.IndexOf(Separator), 0)];

    /// <summary>The id as people read it: <c>member of team</c>, <c>model of key</c>.</summary>
    public string Shown => Id.IndexOf(Separator) is >= 0 and var cut ? $"{Id[(cut + 1)..]} of {Id[..cut]}" : Id;
}
