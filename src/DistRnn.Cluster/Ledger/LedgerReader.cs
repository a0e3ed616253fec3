using System.Text.Json;
using DistRnn.Numerics;
using DistRnn.Protocol;
using Microsoft.Data.Sqlite;

namespace DistRnn.Cluster;

/// <summary>Reads a run's <c>ledger.db</c>, also while it is being written. Each enumeration sees the ledger as it stood when it began.</summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class LedgerReader : IDisposable
{
    private const string Columns = "term, sequence, incarnation, step, kind, body";
    private const int CannotOpen = 14;

    private readonly SqliteConnection _connection;

    private LedgerReader(string path, SqliteConnection connection) => (Path, _connection) = (path, connection);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The place of the last event, or null where there is none. A new coordinator's term has to be above its term.</summary>
    public LedgerPlace? Last
    {
        get
        {
            foreach (var entry in Query($"SELECT {Columns} FROM events ORDER BY term DESC, sequence DESC LIMIT 1"))
                return entry.At;
            return null;
        }
    }

    /// <summary>Opens a ledger.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidInputException">There is no such file, or it is no ledger of this version.</exception>
    public static LedgerReader Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
            throw new InvalidInputException($"There is no ledger {path}.");
        SqliteConnection? connection = null;
        try
        {
            connection = Connect(path);
            LedgerSchema.Check(connection, path);
            return new LedgerReader(path, connection);
        }
        catch (Exception error)
        {
            connection?.Dispose();
            if (error is SqliteException)
                throw new InvalidInputException($"{path} cannot be read as a ledger: {error.Message.TrimEnd('.')}.", error);
            throw;
        }
    }

    /// <summary>All events in the order of their places.</summary>
    /// <param name="after">Only those behind this place; null for all.</param>
    /// <exception cref="InvalidInputException">A row is not an event as it was written; the message names its place.</exception>
    public IEnumerable<LedgerEvent> Events(LedgerPlace? after = null) => Query(
        $"SELECT {Columns} FROM events WHERE (term, sequence) > ($first, $second) ORDER BY term, sequence", after?.Term ?? 0, after?.Sequence ?? 0);

    /// <summary>All events of a kind in the order of their places.</summary>
    /// <typeparam name="T">The kind.</typeparam>
    /// <exception cref="InvalidInputException">A row is not an event as it was written; the message names its place.</exception>
    public IEnumerable<T> EventsOf<T>()
        where T : LedgerEvent =>
        Query($"SELECT {Columns} FROM events WHERE kind = $first ORDER BY term, sequence", LedgerJson.KindOf(typeof(T))).Cast<T>();

    /// <summary>What entered updates, by step and then in the order of places.</summary>
    /// <exception cref="InvalidInputException">A row is not an event as it was written; the message names its place.</exception>
    internal IEnumerable<ShardEntered> EntriesByStep() =>
        Query($"SELECT {Columns} FROM events WHERE kind = $first ORDER BY step, term, sequence", LedgerJson.KindOf(typeof(ShardEntered))).Cast<ShardEntered>();

    /// <summary>What entered one step's updates, in the order of places.</summary>
    /// <exception cref="InvalidInputException">A row is not an event as it was written; the message names its place.</exception>
    internal IEnumerable<ShardEntered> EntriesOf(long step) =>
        Query($"SELECT {Columns} FROM events WHERE kind = $first AND step = $second ORDER BY term, sequence", LedgerJson.KindOf(typeof(ShardEntered)), step).Cast<ShardEntered>();

    /// <summary>All events but those of shards, in the order of their places.</summary>
    /// <exception cref="InvalidInputException">A row is not an event as it was written; the message names its place.</exception>
    internal IEnumerable<LedgerEvent> Decisions() => Query(
        $"SELECT {Columns} FROM events WHERE kind NOT IN ($first, $second) ORDER BY term, sequence", LedgerJson.KindOf(typeof(ShardEntered)), LedgerJson.KindOf(typeof(StepLeased)));

    /// <summary>Events that came under the place of another one.</summary>
    /// <exception cref="InvalidInputException">A row is not an event as it was written; the message names its place.</exception>
    internal IEnumerable<LedgerEvent> Conflicts() => Query($"SELECT {Columns} FROM conflicts ORDER BY term, sequence, kind, body");

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private static SqliteConnection Connect(string path)
    {
        try
        {
            return Connect(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, Pooling = false });
        }
        catch (SqliteException error) when (error.SqliteErrorCode == CannotOpen && !File.Exists(path + "-wal"))
        {
            // A reader of a WAL database makes a file beside it; where the directory is not writable, nobody writes the ledger either.
            return Connect(new SqliteConnectionStringBuilder { DataSource = new Uri(System.IO.Path.GetFullPath(path)).AbsoluteUri + "?immutable=1", Mode = SqliteOpenMode.ReadOnly, Pooling = false });
        }
    }

    private static SqliteConnection Connect(SqliteConnectionStringBuilder options)
    {
        var connection = new SqliteConnection(options.ToString());
        try
        {
            connection.Open();
            LedgerSchema.Execute(connection, "SELECT count(*) FROM sqlite_schema");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private IEnumerable<LedgerEvent> Query(string query, object? first = null, object? second = null)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = query;
        if (first is not null)
            command.Parameters.AddWithValue("$first", first);
        if (second is not null)
            command.Parameters.AddWithValue("$second", second);
        using var rows = Guard(command.ExecuteReader);
        while (Guard(rows.Read))
            yield return Guard(() => EventOf(rows));
    }

    private LedgerEvent EventOf(SqliteDataReader row)
    {
        var place = new LedgerPlace(row.GetInt64(0), row.GetInt64(1), row.GetInt32(2), row.GetInt64(3));
        try
        {
            return LedgerJson.Read(row.GetString(4), row.GetString(5), place);
        }
        catch (JsonException error)
        {
            throw new InvalidInputException(FormattableString.Invariant($"{Path} has at term {place.Term}, sequence {place.Sequence} what is no event: {error.Message.TrimEnd('.')}."), error);
        }
    }

    private T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is SqliteException or InvalidCastException or OverflowException)
        {
            throw new InvalidInputException($"{Path} cannot be read as a ledger: {error.Message.TrimEnd('.')}.", error);
        }
    }
}
