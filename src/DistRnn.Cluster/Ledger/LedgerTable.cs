using DistRnn.Formats;
using DistRnn.Numerics;
using DistRnn.Protocol;
using Microsoft.Data.Sqlite;

namespace DistRnn.Cluster;

/// <summary>The open file of a <see cref="LedgerWriter"/>.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class LedgerTable : IDisposable
{
    private const int NotADatabase = 26;

    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _insert;
    private readonly SqliteCommand _conflict;

    private LedgerTable(SqliteConnection connection)
    {
        _connection = connection;
        _insert = Prepare("INSERT INTO events (term, sequence, incarnation, step, kind, body) VALUES ($term, $sequence, $incarnation, $step, $kind, $body) ON CONFLICT DO NOTHING");
        _conflict = Prepare("""
            INSERT INTO conflicts (term, sequence, incarnation, step, kind, body) SELECT $term, $sequence, $incarnation, $step, $kind, $body
            WHERE NOT EXISTS (SELECT 1 FROM events WHERE term = $term AND sequence = $sequence AND incarnation = $incarnation AND step = $step AND kind = $kind AND body = $body)
            ON CONFLICT DO NOTHING
            """);
    }

    /// <summary>Opens or makes the file.</summary>
    /// <exception cref="InvalidInputException">The file is no ledger, or of another version.</exception>
    /// <exception cref="StorageException">The file cannot be made or written.</exception>
    public static LedgerTable Open(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = false }.ToString());
        try
        {
            connection.Open();
            LedgerSchema.Execute(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
            LedgerSchema.Create(connection, path);
            return new LedgerTable(connection);
        }
        catch (Exception error)
        {
            connection.Dispose();
            if (error is SqliteException { SqliteErrorCode: NotADatabase })
                throw new InvalidInputException($"{path} is no ledger: it is not a SQLite database.", error);
            if (error is SqliteException)
                throw new StorageException($"{path} cannot be written: {error.Message.TrimEnd('.')}.", error);
            throw;
        }
    }

    /// <summary>Writes events in one transaction: all of them or none.</summary>
    public void Write(IReadOnlyList<LedgerEvent> entries)
    {
        if (entries.Count == 0)
            return;
        using var transaction = _connection.BeginTransaction(deferred: false);
        (_insert.Transaction, _conflict.Transaction) = (transaction, transaction);
        foreach (var entry in entries)
        {
            var (kind, body) = (LedgerJson.KindOf(entry.GetType()), LedgerJson.BodyOf(entry));
            if (Execute(_insert, entry.At, kind, body) == 0)
                Execute(_conflict, entry.At, kind, body);
        }
        transaction.Commit();
    }

    /// <summary>Returns when what was written is on the disk.</summary>
    public void Sync() => LedgerSchema.Execute(_connection, "PRAGMA wal_checkpoint(PASSIVE)");

    /// <inheritdoc/>
    public void Dispose()
    {
        _insert.Dispose();
        _conflict.Dispose();
        _connection.Dispose();
    }

    private static int Execute(SqliteCommand command, LedgerPlace place, string kind, string body)
    {
        var parameters = command.Parameters;
        (parameters[0].Value, parameters[1].Value, parameters[2].Value) = (place.Term, place.Sequence, place.Incarnation);
        (parameters[3].Value, parameters[4].Value, parameters[5].Value) = (place.Step, kind, body);
        return command.ExecuteNonQuery();
    }

    private SqliteCommand Prepare(string statement)
    {
        var command = _connection.CreateCommand();
        command.CommandText = statement;
        foreach (var name in (ReadOnlySpan<string>)["$term", "$sequence", "$incarnation", "$step"])
            command.Parameters.Add(name, SqliteType.Integer);
        foreach (var name in (ReadOnlySpan<string>)["$kind", "$body"])
            command.Parameters.Add(name, SqliteType.Text);
        return command;
    }
}
