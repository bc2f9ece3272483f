using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>Fills batches of one target: from memory, where its rows are when it keeps up, else from the outbox.</summary>
internal sealed class RowSource(string targetId, SenderTools tools, bool mustRead)
{
    private bool _mustRead = mustRead;
    private bool _isRead;

    public Handover Handed { get; } = new(tools.Room);

    /// <summary>The last batch is of rows that were handed over.</summary>
    public bool IsFromMemory => !_isRead;

    /// <param name="batch">Gets the records.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cut">What is left of each body; 0 for all.</param>
    /// <param name="round">Is told the owners.</param>
    /// <param name="settled">Done when what was sent before has left the outbox, where it would be read again.</param>
    public async Task<Filling> FillAsync(RecordBatch batch, int limit, int cut, ShippingRound round, Task settled)
    {
        _isRead = _mustRead || Handed.HasGap;

        // Until somebody says what came of it: what was taken out of memory is still in the outbox.
        _mustRead = true;
        try
        {
            if (!_isRead) return Take(batch, limit, round);

            await settled;
            return await ReadAsync(batch, limit, cut, round);
        }
        finally
        {
            round.Fill();
        }
    }

    /// <summary>All rows of the last batch have left the outbox.</summary>
    /// <returns>Whether more are known to wait.</returns>
    public bool Settle(Filling filling)
    {
        _mustRead = _isRead && filling.HasMore;
        return filling.HasMore;
    }

    private Filling Take(RecordBatch batch, int limit, ShippingRound round)
    {
        while (batch.Rows.Count < limit && batch.Bytes < tools.Options.MaxBatchBytes && Handed.TryTake(out var row))
        {
            round.Add(row.Owner);
            if (TryAdd(batch, row)) continue;

            Handed.Forget();
            break;
        }

        var isFull = batch.Rows.Count == limit || batch.Bytes >= tools.Options.MaxBatchBytes;
        return new((isFull && Handed.HasMore) || Handed.HasGap, Unreadable: null);
    }

    /// <remarks>What cannot be rendered is found again in the outbox, and treated there.</remarks>
    private static bool TryAdd(RecordBatch batch, HandedRow row)
    {
        try
        {
            return batch.TryAdd(row.Id, row.Record, row.StoredBytes);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return false;
        }
    }

    /// <returns>The row that stopped the reading because it was not written by us; the batch is then what stands before it.</returns>
    private async Task<Filling> ReadAsync(RecordBatch batch, int limit, int cut, ShippingRound round)
    {
        long last = 0;
        Handed.BeginReading();
        await foreach (var row in tools.Store.ReadAsync(targetId, limit, round.Sends))
        {
            last = row.Id;
            try
            {
                var record = RecordJson.Read(row.Body);
                if (!batch.TryAdd(row.Id, cut > 0 ? RecordCut.Apply(record, cut) : record, row.Body.Length)) return new(true, null);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // Rendering is a pure function of the row: what it throws now it would throw for ever.
                return new(true, new(new(row.Id, row.Body.Length), exception.Message));
            }

            round.Add(row.Owner);
            if (batch.Bytes >= tools.Options.MaxBatchBytes) return new(true, null);
        }

        Handed.EndReading(last);
        return new(batch.Rows.Count == limit, null);
    }
}

/// <summary>Whether more rows are known to wait, and a row that no record can be made of.</summary>
internal readonly record struct Filling(bool HasMore, UnreadableRow? Unreadable);

internal readonly record struct UnreadableRow(StoredRow Row, string Reason);
