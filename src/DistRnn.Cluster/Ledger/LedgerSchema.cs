using System.Globalization;
using System.Text;
using DistRnn.Numerics;
using Microsoft.Data.Sqlite;

namespace DistRnn.Cluster;

/// <summary>
/// The tables of <c>ledger.db</c>, version 1, which are stable: people and programs query them.
/// <para><c>events</c>: a row an event, with <c>term</c>, <c>sequence</c> (together the key), <c>incarnation</c>, <c>step</c>, <c>kind</c> (as
/// <c>shard-entered</c>) and <c>body</c> (a JSON object). A term is a round and, in the last six digits, its coordinator's number. Rows are added and never changed.</para>
/// <para><c>conflicts</c>: events that came under the name of another one, in the same columns; empty in every run that is in order.</para>
/// <para>A view a kind, named as <c>shard_entered</c>, has the place and each key of the body as a column.</para>
/// </summary>
internal static class LedgerSchema
{
    private const int ApplicationId = 0x44526E4C;
    private const int Version = 1;

    /// <summary>Makes the tables of a new file; checks those of one that is there.</summary>
    /// <exception cref="InvalidInputException">The file is another program's, or of another version.</exception>
    public static void Create(SqliteConnection connection, string path)
    {
        if (NumberOf(connection, "PRAGMA application_id") == 0 && NumberOf(connection, "SELECT count(*) FROM sqlite_schema") == 0)
        {
            using var transaction = connection.BeginTransaction(deferred: false);
            Execute(connection, Script());
            transaction.Commit();
        }
        Check(connection, path);
    }

    /// <summary>Refuses what is no ledger of this version.</summary>
    /// <exception cref="InvalidInputException">The file is another program's, or of another version.</exception>
    public static void Check(SqliteConnection connection, string path)
    {
        if (NumberOf(connection, "PRAGMA application_id") != ApplicationId)
            throw new InvalidInputException($"{path} is a database, but not the ledger of a run.");
        if (NumberOf(connection, "PRAGMA user_version") is not Version and var version)
            throw new InvalidInputException($"{path} has the version {version}; this program reads {Version}.");
    }

    /// <summary>Runs a statement that gives nothing back.</summary>
    public static void Execute(SqliteConnection connection, string statement)
    {
        using var command = connection.CreateCommand();
        command.CommandText = statement;
        command.ExecuteNonQuery();
    }

    private static long NumberOf(SqliteConnection connection, string query)
    {
        using var command = connection.CreateCommand();
        command.CommandText = query;
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private static string Script()
    {
        const string Columns = "term INTEGER NOT NULL, sequence INTEGER NOT NULL, incarnation INTEGER NOT NULL, step INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL";
        var script = new StringBuilder();
        script.Append(CultureInfo.InvariantCulture, $"CREATE TABLE IF NOT EXISTS events ({Columns}, PRIMARY KEY (term, sequence)) STRICT, WITHOUT ROWID;\n");
        script.Append(CultureInfo.InvariantCulture, $"CREATE TABLE IF NOT EXISTS conflicts ({Columns}, PRIMARY KEY (term, sequence, kind, body)) STRICT, WITHOUT ROWID;\n");
        script.Append("CREATE INDEX IF NOT EXISTS events_by_kind ON events (kind, step);\n");
        foreach (var kind in LedgerJson.Kinds)
        {
            var keys = string.Concat(LedgerJson.KeysOf(kind).Select(key => $", body ->> '{key}' AS \"{key}\""));
            script.Append(CultureInfo.InvariantCulture, $"CREATE VIEW IF NOT EXISTS {kind.Replace('-', '_')} AS SELECT term, sequence, incarnation, step{keys} FROM events WHERE kind = '{kind}';\n");
        }
        script.Append(CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId};\nPRAGMA user_version = {Version};\n");
        return script.ToString();
    }
}
