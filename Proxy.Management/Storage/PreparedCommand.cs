using System.Data.Common;

namespace Proxy.Management.Storage;

/// <summary>A statement that is parsed once and run many times on one connection.</summary>
internal sealed class PreparedCommand : IDisposable
{
    private readonly DbCommand _command;
    private readonly DbParameter[] _parameters;
    private DbTransaction? _transaction;

    public PreparedCommand(DbConnection connection, string sql, params ReadOnlySpan<string> parameterNames)
    {
        _command = connection.CreateCommand();
        _command.CommandText = sql;
        _parameters = new DbParameter[parameterNames.Length];
        for (var i = 0; i < parameterNames.Length; i++)
        {
            var parameter = _command.CreateParameter();
            parameter.ParameterName = parameterNames[i];
            _command.Parameters.Add(parameter);
            _parameters[i] = parameter;
        }
    }

    /// <param name="transaction">The one that is open.</param>
    /// <param name="values">In the order of the names; null is the database's null.</param>
    public void Run(DbTransaction transaction, params ReadOnlySpan<object?> values)
    {
        if (!ReferenceEquals(_transaction, transaction)) _command.Transaction = _transaction = transaction;
        for (var i = 0; i < _parameters.Length; i++) _parameters[i].Value = values[i] ?? DBNull.Value;
        _command.ExecuteNonQuery();
    }

    public void Dispose() => _command.Dispose();
}
