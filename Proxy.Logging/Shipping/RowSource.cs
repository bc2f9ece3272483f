using System.Diagnostics.CodeAnalysis;
using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>Fills batches of one target: from memory, where its rows are when it keeps up, else from the outbox.</summary>
internal sealed class RowSource(string targetId, SenderTools tools, bool mustRead)
{
    private bool _mustRead = mustRead;
    private bool _isRead;

    // Nothing of this target is in the journal any more: rows are read from the table.
    private bool _isMoved;

    // It was taken out of memory and found no room in the last batch.
    private HandedRow? _next;

    public Handover Handed { get; } = new(tools.Room);

    /// <summary>Rows are known to wait, whether or not somebody has told of them.</summary>
    public bool HasMore => Handed.HasMore || _next is not null;

    /// <summary>The last batch is of rows that were handed over.</summary>
    public bool IsFromMemory => !_isRead;

    /// <param name="batch">Gets the records.</param>
    /// <param name="most">How many, and how large, at most.</param>
    /// <param name="cut">What is left of each body; 0 for all.</param>
    /// <param name="round">Is told the owners.</param>
    /// <param name="settled">Done when what was sent before has left the outbox, where it would be read again.</param>
    public async Task<Filling> FillAsync(RecordBatch batch, (int Records, int Bytes) most, int cut, ShippingRound round, Task settled)
    {
        _isRead = _mustRead || Handed.HasGap;

        // Until somebody says what came of it: what was taken out of memory is still in the outbox.
        _mustRead = true;
        try
        {
            if (!_isRead) return Take(batch, most, round);

            await settled;
            await MoveToTableAsync(round.Sends);
            _next = null;
            return await ReadAsync(batch, most, cut, round);
        }
        finally
        {
            round.Fill();
        }
    }

    /// <summary>The rows must wait: in the table, where the disk is, and not in memory.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        await MoveToTableAsync(cancellationToken);
        Handed.Forget();
    }

    /// <summary>All rows of the last batch have left the outbox.</summary>
    /// <returns>Whether more are known to wait.</returns>
    public bool Settle(Filling filling)
    {
        _mustRead = _isRead && filling.HasMore;
        if (!_mustRead && !Handed.HasGap)
        {
            _isMoved = false;
            tools.Journal.Admit(targetId);
        }

        return filling.HasMore;
    }

    private async Task MoveToTableAsync(CancellationToken cancellationToken)
    {
        if (_isMoved) return;

        await tools.Store.MoveToTableAsync(targetId, cancellationToken);
        _isMoved = true;
    }

    private Filling Take(RecordBatch batch, (int Records, int Bytes) most, ShippingRound round)
    {
        while (batch.Rows.Count < most.Records && batch.Bytes < most.Bytes && TryTake(out var row))
        {
            round.Add(row.Owner);
            try
            {
                if (batch.TryAdd(row.Id, row.Record, row.StoredBytes)) continue;

                _next = row;
                break;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // What cannot be rendered is found again in the outbox, and treated there.
                Handed.Forget();
                break;
            }
        }

        var isFull = batch.Rows.Count == most.Records || batch.Bytes >= most.Bytes || _next is not null;
        return new((isFull && HasMore) || Handed.HasGap, Unreadable: null);
    }

    private bool TryTake([NotNullWhen(true)] out HandedRow? row)
    {
        if (_next is null) return Handed.TryTake(out row);

        (row, _next) = (_next, null);
        return true;
    }

    /// <returns>The row that stopped the reading because it was not written by us; the batch is then what stands before it.</returns>
    private async Task<Filling> ReadAsync(RecordBatch batch, (int Records, int Bytes) most, int cut, ShippingRound round)
    {
        long last = 0;
        Handed.BeginReading();
        await foreach (var row in tools.Store.ReadAsync(targetId, most.Records, round.Sends))
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
            if (batch.Bytes >= most.Bytes) return new(true, null);
        }

        Handed.EndReading(last);
        return new(batch.Rows.Count == most.Records, null);
    }
}

/// <summary>Whether more rows are known to wait, and a row that no record can be made of.</summary>
internal readonly record struct Filling(bool HasMore, UnreadableRow? Unreadable);

internal readonly record struct UnreadableRow(StoredRow Row, string Reason);
