using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Proxy.Management.Storage;

/// <summary>Tells the database's own trouble (locked, full, read-only, broken) from a statement that it refuses.</summary>
internal static class DatabaseTrouble
{
    public static bool IsIn(Exception exception) => exception is SqliteException
    {
        SqliteErrorCode: raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_READONLY or raw.SQLITE_IOERR or raw.SQLITE_FULL
            or raw.SQLITE_CANTOPEN or raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB
    };
}
