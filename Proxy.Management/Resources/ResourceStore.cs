using System.Text.Json.Nodes;
using Dapper;
using Proxy.Management.Access;
using Proxy.Management.Auditing;
using Proxy.Management.Keys;
using Proxy.Management.Storage;

namespace Proxy.Management.Resources;

/// <summary>The rows of what providers keep. They are made in the commit of the call that got the id.</summary>
public sealed class ResourceStore
{
    private const string FindSql = """
        select resource_id as Id, cluster as Cluster, destination as Destination, kind as Kind, model as Model, team_id as TeamId, user_id as UserId,
            key_hash as KeyHash, created_at as CreatedAt, is_settled as IsSettled
        from resource
        where resource_id = @id
        """;

    private const string ListSql = """
        select resource_id as Id, cluster as Cluster, destination as Destination, kind as Kind, model as Model, team_id as TeamId, user_id as UserId,
            key_hash as KeyHash, created_at as CreatedAt, is_settled as IsSettled
        from resource
        where kind = @kind and cluster = @cluster and destination = @destination
            and (@isAdmin = 1
                or (team_id is null and user_id is null and key_hash = @key)
                or ((team_id = @team or (team_id is null and @team is null)) and (user_id = @user or (user_id is null and team_id is not null))))
        order by created_at
        """;

    private const string DeleteSql = """
        delete from resource
        where resource_id = @id and cluster = @cluster and destination = @destination
        """;

    private readonly Database _database;
    private readonly AuditedWriter _commits;

    internal ResourceStore(Database database, AuditedWriter commits) => (_database, _commits) = (database, commits);

    /// <summary>All that have this id: different providers may use the same.</summary>
    public async Task<IReadOnlyList<Resource>> FindAsync(string id, CancellationToken cancellationToken)
    {
        await using var connection = await _database.OpenApartAsync(cancellationToken);
        var rows = await connection.QueryAsync<ResourceRow>(new CommandDefinition(FindSql, new { id }, cancellationToken: cancellationToken));
        return [.. rows.Select(row => row.ToResource())];
    }

    /// <summary>What a deployment keeps for the caller.</summary>
    public async Task<IReadOnlyList<Resource>> ListAsync(string kind, string cluster, string destination, Caller caller, CancellationToken cancellationToken)
    {
        var values = new DynamicParameters(new { kind, cluster, destination, isAdmin = caller.IsProxyAdmin ? 1L : 0L });
        values.Add("team", caller.TeamId, System.Data.DbType.String);
        values.Add("user", caller.UserId, System.Data.DbType.String);
        values.Add("key", caller.KeyHash?.ToArray(), System.Data.DbType.Binary);
        await using var connection = await _database.OpenApartAsync(cancellationToken);
        var rows = await connection.QueryAsync<ResourceRow>(new CommandDefinition(ListSql, values, cancellationToken: cancellationToken));
        return [.. rows.Select(row => row.ToResource())];
    }

    /// <summary>The provider has it no more. No token: what has happened is recorded.</summary>
    /// <param name="caller">Who has deleted it.</param>
    public Task DeleteAsync(Resource resource, Caller caller) => _commits.WriteAsync(
        (connection, transaction) =>
        {
            var count = connection.Execute(DeleteSql, new { id = resource.Id, cluster = resource.Cluster, destination = resource.Destination }, transaction.Inner);
            if (count > 0) transaction.Record(AuditedRow.OfResource(resource.Id), AuditAction.Deleted, Show(resource), after: null);
            return count;
        },
        committed: null,
        AuditActor.Of(caller),
        CancellationToken.None);

    private static JsonObject Show(Resource resource) => new()
    {
        ["id"] = resource.Id,
        ["kind"] = resource.Kind,
        ["model"] = resource.Model,
        ["model_id"] = $"{resource.Cluster}/{resource.Destination}",
        ["team_id"] = resource.Owner.TeamId,
        ["user_id"] = resource.Owner.UserId,
        ["api_key"] = resource.Owner.KeyHash?.ToString(),
        ["created_at"] = JsonValue.Create(resource.CreatedAt),
    };

    private sealed class ResourceRow
    {
        public required string Id { get; init; }

        public required string Cluster { get; init; }

        public required string Destination { get; init; }

        public required string Kind { get; init; }

        public required string Model { get; init; }

        public string? TeamId { get; init; }

        public string? UserId { get; init; }

        public byte[]? KeyHash { get; init; }

        public long CreatedAt { get; init; }

        public long IsSettled { get; init; }

        public Resource ToResource() => new()
        {
            Id = Id,
            Cluster = Cluster,
            Destination = Destination,
            Kind = Kind,
            Model = Model,
            Owner = new ResourceOwner(TeamId, UserId, KeyHash is null ? null : new KeyHash(KeyHash)),
            CreatedAt = Columns.ToMoment(CreatedAt),
            IsSettled = IsSettled != 0,
        };
    }
}
