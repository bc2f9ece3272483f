using System.Data.Common;
using Dapper;

namespace Proxy.Management.Keys;

/// <summary>How many keys there are, in all and by user, team and organisation: kept with each change, so that no list counts a million rows.</summary>
internal static class KeyCounts
{
    public const string All = "all";
    public const string User = "user";
    public const string Team = "team";
    public const string Organization = "organization";

    public const string FindSql = """
        select key_count
        from key_count
        where kind = @kind and id = @id
        """;

    private const string AddSql = """
        insert into key_count (kind, id, key_count)
        values (@kind, @id, @amount)
        on conflict (kind, id) do update set key_count = key_count.key_count + excluded.key_count
        """;

    public static void Added(DbConnection connection, DbTransaction transaction, KeyIdentity key) => Add(connection, transaction, null, key);

    public static void Removed(DbConnection connection, DbTransaction transaction, KeyIdentity key) => Add(connection, transaction, key, null);

    public static void Changed(DbConnection connection, DbTransaction transaction, KeyIdentity old, KeyIdentity key) => Add(connection, transaction, old, key);

    private static void Add(DbConnection connection, DbTransaction transaction, KeyIdentity? old, KeyIdentity? key)
    {
        Move(All, old is null ? null : "", key is null ? null : "");
        Move(User, old?.UserId, key?.UserId);
        Move(Team, old?.TeamId, key?.TeamId);
        Move(Organization, old?.OrganizationId, key?.OrganizationId);

        void Move(string kind, string? from, string? to)
        {
            if (from == to) return;
            if (from is not null) connection.Execute(AddSql, new { kind, id = from, amount = -1L }, transaction);
            if (to is not null) connection.Execute(AddSql, new { kind, id = to, amount = 1L }, transaction);
        }
    }
}
