using System.Data.Common;
using System.Text;
using Dapper;
using Proxy.Logging.Outbox;
using Proxy.Logging.Records;

namespace Proxy.Tests.Logging;

/// <summary>What waits in an outbox, wherever it is but in its journal.</summary>
internal static class OutboxRows
{
    /// <returns>The bodies, as text.</returns>
    public static async Task<Dictionary<long, string>> ReadAsync(DbConnection connection, JournalPlace? place)
    {
        var bodies = (await connection.QueryAsync<(long Id, byte[] Body)>("select id, body from outbox")).ToDictionary(row => row.Id, row => Encoding.UTF8.GetString(row.Body));
        foreach (var chunk in await connection.QueryAsync<OutboxChunk>($"select {OutboxChunk.Columns} from outbox_chunk"))
        {
            foreach (var row in chunk.Read(place!, new PooledBuffer(1024))) bodies.Add(row.Id, Encoding.UTF8.GetString(row.Body!.Value.Span));
        }

        return bodies;
    }
}
