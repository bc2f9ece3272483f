using System.Data.Common;
using System.Security.Cryptography;
using Dapper;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging;
using Proxy.Management.Auditing;
using Proxy.Management.Storage;

namespace Proxy.Management.Models;

/// <summary>The rows of models. Their parameters are encrypted, since they hold the credentials of providers.</summary>
internal sealed partial class ModelStore(Database database, IDataProtectionProvider protection, ILogger<ModelStore> logger)
{
    private const string Select = """
        select model_id as Id, model_name as Name, params as Params, info as Info, created_at as CreatedAt, updated_at as UpdatedAt,
            created_by as CreatedBy, updated_by as UpdatedBy
        from model

        """;

    private const string FindSql = Select + "where model_id = @id";

    private const string ListSql = Select + "order by created_at, model_id";

    private const string SaveSql = """
        insert into model (model_id, model_name, params, info, created_at, updated_at, created_by, updated_by)
        values (@Id, @Name, @Params, @Info, @CreatedAt, @UpdatedAt, @CreatedBy, @UpdatedBy)
        on conflict (model_id) do update set
            model_name = excluded.model_name, params = excluded.params, info = excluded.info, updated_at = excluded.updated_at,
            updated_by = excluded.updated_by
        """;

    private const string DeleteSql = """
        delete from model
        where model_id = @id
        """;

    private readonly IDataProtector _protector = protection.CreateProtector("Proxy.Management.Models.v1");

    /// <summary>All but those that cannot be decrypted, which are logged.</summary>
    public async Task<IReadOnlyList<StoredModel>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenApartAsync(cancellationToken);
        var rows = await connection.QueryAsync<ModelRow>(new CommandDefinition(ListSql, cancellationToken: cancellationToken));
        return [.. rows.Select(Open).OfType<StoredModel>()];
    }

    /// <returns>Null when there is none, or it cannot be decrypted.</returns>
    public StoredModel? Find(DbConnection connection, DbTransaction transaction, string id) =>
        connection.QuerySingleOrDefault<ModelRow>(FindSql, new { id }, transaction) is { } row ? Open(row) : null;

    public void Save(DbConnection connection, AuditedTransaction transaction, StoredModel model)
    {
        transaction.Watch(AuditedRow.OfModel(model.Id));
        connection.Execute(
            SaveSql,
            new ModelRow
            {
                Id = model.Id,
                Name = model.Name,
                Params = _protector.Protect(model.Params),
                Info = model.Info,
                CreatedAt = model.CreatedAt.ToUnixTimeMilliseconds(),
                UpdatedAt = model.UpdatedAt.ToUnixTimeMilliseconds(),
                CreatedBy = model.CreatedBy,
                UpdatedBy = model.UpdatedBy,
            },
            transaction.Inner);
    }

    public static void Delete(DbConnection connection, AuditedTransaction transaction, string id)
    {
        transaction.Watch(AuditedRow.OfModel(id));
        connection.Execute(DeleteSql, new { id }, transaction.Inner);
    }

    private StoredModel? Open(ModelRow row)
    {
        try
        {
            return new StoredModel
            {
                Id = row.Id,
                Name = row.Name,
                Params = _protector.Unprotect(row.Params),
                Info = row.Info,
                CreatedAt = Columns.ToMoment(row.CreatedAt),
                UpdatedAt = Columns.ToMoment(row.UpdatedAt),
                CreatedBy = row.CreatedBy,
                UpdatedBy = row.UpdatedBy,
            };
        }
        catch (CryptographicException exception)
        {
            LogUnreadable(exception, row.Id);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Error, "The model {Id} cannot be decrypted, so it is not served. Was the folder of the protection keys replaced?")]
    private partial void LogUnreadable(Exception exception, string id);

    private sealed class ModelRow
    {
        public required string Id { get; init; }
        public required string Name { get; init; }
        public required string Params { get; init; }
        public required string Info { get; init; }
        public long CreatedAt { get; init; }
        public long UpdatedAt { get; init; }
        public string? CreatedBy { get; init; }
        public string? UpdatedBy { get; init; }
    }
}
