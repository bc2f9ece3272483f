using System.Data.Common;
using System.Globalization;
using System.Text;
using Dapper;

namespace Proxy.Management.Resources;

/// <summary>Writes the resources of a call in the commit of its spend: in one statement, since each is a journey to a server.</summary>
internal static class ResourceRows
{
    private const string InsertSql = """
        insert into resource (resource_id, cluster, destination, kind, model, team_id, user_id, key_hash, created_at, is_settled)
        values
        """;

    // Whoever had the id first keeps it.
    private const string KeepSql = " on conflict (resource_id, cluster, destination) do nothing";

    private const string SettleSql = " on conflict (resource_id, cluster, destination) do update set is_settled = 1";

    public static void Insert(DbConnection connection, DbTransaction transaction, IReadOnlyList<Resource> resources) => Insert(connection, transaction, resources, KeepSql);

    /// <summary>It costs nothing more. What was not known before, as a run of a thread, is from here on.</summary>
    public static void Settle(DbConnection connection, DbTransaction transaction, Resource resource) =>
        Insert(connection, transaction, [resource with { IsSettled = true }], SettleSql);

    private static void Insert(DbConnection connection, DbTransaction transaction, IReadOnlyList<Resource> resources, string onConflict)
    {
        var (sql, values) = (new StringBuilder(InsertSql), new DynamicParameters());
        for (var i = 0; i < resources.Count; i++)
        {
            var row = resources[i];
            sql.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? " " : ", ")}(@id{i}, @cluster{i}, @destination{i}, @kind{i}, @model{i}, @team{i}, @user{i}, @key{i}, @created{i}, @settled{i})");
            values.Add($"id{i}", row.Id);
            values.Add($"cluster{i}", row.Cluster);
            values.Add($"destination{i}", row.Destination);
            values.Add($"kind{i}", row.Kind);
            values.Add($"model{i}", row.Model);
            values.Add($"team{i}", row.Owner.TeamId);
            values.Add($"user{i}", row.Owner.UserId);
            values.Add($"key{i}", row.Owner.KeyHash?.ToArray(), System.Data.DbType.Binary);
            values.Add($"created{i}", row.CreatedAt.ToUnixTimeMilliseconds());
            values.Add($"settled{i}", row.IsSettled ? 1L : 0L);
        }

        connection.Execute(sql.Append(onConflict).ToString(), values, transaction);
    }
}
