using Microsoft.Data.Sqlite;

namespace Proxy.Logging.Outbox;

/// <summary>From the first file of the journal to the end of the last one. What was written beyond belongs to no transaction that was committed.</summary>
internal readonly record struct JournalPosition(long First, long Segment, long Length, long NextId);

/// <summary>The row that holds the position. It is written with the rows of the ledger, so both are committed or neither is.</summary>
/// <remarks>Touched by the writer's thread only, twice in each commit.</remarks>
internal sealed class JournalRow(SqliteConnection connection)
{
    private const string ReadSql = """
        select first_segment, segment, length, next_id
        from outbox_journal
        where id = 1
        """;

    private const string WriteSql = """
        insert or replace into outbox_journal (id, first_segment, segment, length, next_id)
        values (1, ?1, ?2, ?3, ?4)
        """;

    private readonly PreparedStatement _read = new(connection, ReadSql);
    private readonly PreparedStatement _write = new(connection, WriteSql);

    /// <returns>Null when there has never been a journal.</returns>
    public JournalPosition? Read()
    {
        var position = _read.Step() ? new JournalPosition(_read.Column(0), _read.Column(1), _read.Column(2), _read.Column(3)) : (JournalPosition?)null;
        _read.Reset();
        return position;
    }

    public void Write(JournalPosition position)
    {
        _write.Bind(1, position.First);
        _write.Bind(2, position.Segment);
        _write.Bind(3, position.Length);
        _write.Bind(4, position.NextId);
        _write.Run();
    }
}
