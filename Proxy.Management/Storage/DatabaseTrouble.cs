using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Npgsql;
using SQLitePCL;

namespace Proxy.Management.Storage;

/// <summary>Tells the database's own trouble (locked, full, read-only, broken, gone) from a statement that it refuses.</summary>
public static class DatabaseTrouble
{
    public static bool IsIn(Exception exception) => exception switch
    {
        DatabaseUnavailableException or SocketException => true,
        SqliteException sqlite => IsTrouble(sqlite.SqliteErrorCode),
        PostgresException postgres => IsTrouble(postgres.SqlState),
        NpgsqlException => true,

        // Another gateway has taken the lock while the connection was lost.
        IOException { InnerException: PostgresException } => true,
        _ => false,
    };

    private static bool IsTrouble(int code) => code is raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_READONLY or raw.SQLITE_IOERR
        or raw.SQLITE_FULL or raw.SQLITE_CANTOPEN or raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;

    /// <remarks>Whole classes: connection, resources, operator, system, internal; and locks, read-only, deadlock.</remarks>
    private static bool IsTrouble(string state) =>
        state[..2] is "08" or "53" or "57" or "58" or "XX" || state is PostgresErrorCodes.LockNotAvailable
            or PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure;
}
