using System.Data.Common;
using System.Text.Json.Nodes;

namespace Proxy.Management.Auditing;

/// <summary>Writes down what the host does by its own endpoints, in the transaction in which it does it.</summary>
public sealed class AuditTrail
{
    private readonly AuditedWriter _writer;

    internal AuditTrail(AuditedWriter writer) => _writer = writer;

    /// <summary>Call it where the request is handled: who calls is known there, and not on the thread that writes.</summary>
    /// <param name="action">What is done to dead letters, in one word.</param>
    /// <param name="which">Which they are.</param>
    /// <param name="choice">How the request says it.</param>
    /// <returns>To be run in the transaction, with how many they were.</returns>
    public Action<DbConnection, DbTransaction, int> OfDeadLetters(string action, string which, JsonObject choice)
    {
        var actor = AuditActor.Current;
        return (connection, transaction, count) =>
        {
            if (count == 0) return;

            var values = choice.DeepClone().AsObject();
            values["count"] = count;
            _writer.Begin(connection, transaction, actor).Record(AuditedRow.OfDeadLetters(which), action, before: null, values);
        };
    }
}
