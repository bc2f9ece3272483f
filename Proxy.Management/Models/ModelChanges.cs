using System.Data.Common;
using Microsoft.Extensions.Logging;
using Proxy.Management.Auditing;
using Proxy.Management.Errors;

namespace Proxy.Management.Models;

/// <summary>Changes of models, one at a time: checked with all others, written, served, and then answered.</summary>
public sealed partial class ModelChanges : IDisposable
{
    private readonly ModelStore _store;
    private readonly AuditedWriter _queue;
    private readonly ILogger<ModelChanges> _logger;
    private readonly SemaphoreSlim _turn = new(1);
    private IReadOnlyList<StoredModel> _models = [];

    internal ModelChanges(ModelStore store, AuditedWriter queue, ILogger<ModelChanges> logger) => (_store, _queue, _logger) = (store, queue, logger);

    /// <summary>Serves what the database holds. One that cannot be served beside those before it (its name is another's by now) is logged and left out.</summary>
    public async Task LoadAsync(IModelRouting routing)
    {
        _models = await _store.ListAsync(CancellationToken.None);
        if (_models.Count == 0 || await routing.ServeAsync(_models)) return;

        var servable = new List<StoredModel>();
        await ChooseAsync(routing, new([.. _models]), servable);
        _models = servable;
        if (servable.Count > 0) await routing.ServeAsync(servable);
    }

    internal Task<(StoredModel? Model, ProxyError? Error)> CreateAsync(IModelRouting routing, StoredModel model, CancellationToken cancellationToken) => ChangeAsync(
        routing,
        model.Id,
        old => old is null ? (model, null) : (null, new ProxyError(409, ProxyError.InvalidRequest, $"There is a model with the id '{model.Id}' already.", "model_info")),
        cancellationToken);

    /// <param name="change">From the model to the one that shall be.</param>
    internal Task<(StoredModel? Model, ProxyError? Error)> UpdateAsync(
        IModelRouting routing, string id, Func<StoredModel, StoredModel> change, CancellationToken cancellationToken) => ChangeAsync(
        routing, id, old => old is null ? (null, Unknown(id)) : (change(old), null), cancellationToken);

    internal async Task<ProxyError?> DeleteAsync(IModelRouting routing, string id, CancellationToken cancellationToken)
    {
        var isKnown = false;
        var (_, error) = await ChangeAsync(
            routing,
            id,
            old =>
            {
                isKnown = old is not null;
                return (null, null);
            },
            cancellationToken);
        return isKnown ? error : Unknown(id);
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>Adds to <paramref name="servable"/> what of these can be served beside it.</summary>
    /// <remarks>
    /// By halves, since each check reads all there is: a model that is left out costs a check for every doubling of their number, those between them cost next to nothing.
    /// That finds what asking for one after the other finds, because a model only ever adds faults: where many can be served, the first of them can.
    /// </remarks>
    private async Task ChooseAsync(IModelRouting routing, ArraySegment<StoredModel> models, List<StoredModel> servable)
    {
        var faults = await routing.CheckAsync([.. servable, .. models]);
        if (faults.Count == 0)
        {
            servable.AddRange(models);
        }
        else if (models is [var model])
        {
            LogNotServed(model.Id, string.Join(' ', faults));
        }
        else
        {
            await ChooseAsync(routing, models[..(models.Count / 2)], servable);
            await ChooseAsync(routing, models[(models.Count / 2)..], servable);
        }
    }

    private static ProxyError Unknown(string id) => ProxyError.NotFound($"There is no model with the id '{id}' in the database.", "id");

    /// <param name="change">From the model, or null, to the one that shall be, or null for none.</param>
    private async Task<(StoredModel? Model, ProxyError? Error)> ChangeAsync(
        IModelRouting routing, string id, Func<StoredModel?, (StoredModel? Model, ProxyError? Error)> change, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var old = _models.FirstOrDefault(model => model.Id == id);
            var (changed, refusal) = change(old);
            if (refusal is not null) return (null, refusal);
            if (old is null && changed is null) return (null, null);

            IReadOnlyList<StoredModel> next = changed is null ? [.. _models.Where(model => model.Id != id)]
                : old is null ? [.. _models, changed]
                : [.. _models.Select(model => model.Id == id ? changed : model)];
            if (await routing.CheckAsync(next) is { Count: > 0 } faults) return (null, ProxyError.BadRequest(string.Join(' ', faults)));

            // From here on it is done to its end, whether the client waits or not.
            await WriteAsync(id, changed);
            if (await routing.ServeAsync(next))
            {
                _models = next;
                return (changed, null);
            }

            await WriteAsync(id, old);
            return (null, ProxyError.BadRequest("The model cannot be served; the old ones serve on."));
        }
        finally
        {
            _turn.Release();
        }
    }

    private Task<bool> WriteAsync(string id, StoredModel? model) => _queue.WriteAsync(
        (connection, transaction) => Write(connection, transaction, id, model), committed: null, CancellationToken.None);

    private bool Write(DbConnection connection, AuditedTransaction transaction, string id, StoredModel? model)
    {
        if (model is null) ModelStore.Delete(connection, transaction, id);
        else _store.Save(connection, transaction, model);
        return true;
    }

    [LoggerMessage(LogLevel.Error, "The model {Id} of the database is not served. {Faults}")]
    private partial void LogNotServed(string id, string faults);
}
