using Proxy.Logging.Outbox;
using Proxy.Logging.Records;

namespace Proxy.Logging.Shipping;

/// <summary>Fills batches of one target: from memory, where its rows are when it keeps up, else from the outbox.</summary>
internal sealed class RowSource(string targetId, SenderTools tools, bool mustRead)
{
    private bool _mustRead = mustRead;
    private bool _isRead;

    // Nothing of this target is in the journal any more: rows are read from the backlog.
    private bool _isMoved;

    public Handover Handed { get; } = new(tools.Room);

    /// <summary>Rows are known to wait, whether or not somebody has told of them.</summary>
    public bool HasMore => Handed.HasMore;

    /// <summary>The last batch is of rows that were handed over.</summary>
    public bool IsFromMemory => !_isRead;

    /// <param name="form">How the target takes records.</param>
    /// <param name="most">How many, and how large, at most.</param>
    /// <param name="cut">What is left of each body; 0 for all.</param>
    /// <param name="round">Is told the owners.</param>
    /// <param name="settled">Done when what was sent before has left the outbox, where it would be read again.</param>
    public async Task<Filling> FillAsync(WireForm form, (int Records, int Bytes) most, int cut, ShippingRound round, Task settled)
    {
        _isRead = _mustRead || Handed.HasGap;

        // Until somebody says what came of it: what was taken out of memory is still in the outbox.
        _mustRead = true;
        if (!_isRead) return Take(form, most, round);

        await settled;
        await MoveToBacklogAsync(round.Sends);
        return await ReadAsync(form, most, cut, round);
    }

    /// <summary>The rows must wait: on the disk, and not in memory.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        await MoveToBacklogAsync(cancellationToken);
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

    private async Task MoveToBacklogAsync(CancellationToken cancellationToken)
    {
        if (_isMoved) return;

        await tools.Store.MoveToBacklogAsync(targetId, cancellationToken);
        _isMoved = true;
    }

    private Filling Take(WireForm form, (int Records, int Bytes) most, ShippingRound round)
    {
        var batch = Handed.Take(most, out var isFull);
        if (batch is not null && batch.Format != form.Format)
        {
            // The server takes another form since.
            batch.Recycle();
            batch = null;
            Handed.Forget();
        }

        round.Fill(batch?.Owners ?? []);
        return new(batch, (isFull && HasMore) || Handed.HasGap, Unreadable: null);
    }

    /// <returns>Also the row that stopped the reading because it was not written by us; the batch is then what stands before it.</returns>
    private async Task<Filling> ReadAsync(WireForm form, (int Records, int Bytes) most, int cut, ShippingRound round)
    {
        var batch = new RecordBatch(form.Format);
        UnreadableRow? unreadable = null;
        var isWhole = true;
        long last = 0;
        Handed.BeginReading();
        await foreach (var row in tools.Store.ReadAsync(targetId, most.Records, round.Sends))
        {
            isWhole = batch.Rows.Count == 0 || HasRoom(row.Group);
            if (!isWhole) break;

            last = row.Id;
            var stored = new StoredRow(row.Id, row.Body?.Length ?? 0);
            try
            {
                var record = RecordJson.Read(row.Body ?? throw Lost());
                isWhole = batch.TryAdd(stored, row.Owner, cut > 0 ? RecordCut.Apply(record, cut) : record, form.Target);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // Rendering is a pure function of the row: what it throws now it would throw for ever.
                unreadable = new(stored, exception.Message);
                isWhole = false;
            }

            if (!isWhole) break;
        }

        if (isWhole) Handed.EndReading(last);
        round.Fill(batch.Owners);
        return new(batch, !isWhole || batch.Rows.Count == most.Records, unreadable);

        Exception Lost()
        {
            // Nobody knows how large it was.
            tools.Budget.IsRough = true;
            return new InvalidDataException("The disk has lost it.");
        }

        // What stands together leaves together, if it can.
        bool HasRoom((long Rows, long Bytes) group) => batch.Rows.Count + Math.Max(1, group.Rows) <= most.Records && batch.Bytes + group.Bytes < most.Bytes;
    }
}

/// <summary>How a target takes records.</summary>
internal readonly record struct WireForm(BatchFormat Format, LogTarget Target, bool IsCompressed);

/// <summary>What is to be sent, if anything; whether more rows are known to wait, and a row that no record can be made of.</summary>
internal readonly record struct Filling(RecordBatch? Batch, bool HasMore, UnreadableRow? Unreadable);

internal readonly record struct UnreadableRow(StoredRow Row, string Reason);
