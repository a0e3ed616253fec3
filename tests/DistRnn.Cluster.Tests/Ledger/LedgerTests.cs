using System.Globalization;
using DistRnn.Formats;
using DistRnn.Numerics;
using DistRnn.Protocol;
using Microsoft.Data.Sqlite;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>What is recorded is read again, once, in order, and at any time.</summary>
public sealed class LedgerTests : IDisposable
{
    private static readonly LedgerEvent[] s_oneOfEachKind = Placed(
        new RunStarted("r", "j", "d", "bounded-staleness(2)", "top-k(0.01)", 4, 3),
        new TermBegan("akka://a@host:1"),
        new WorkerJoined("w\"1\"", "nöde"),
        new WorkerLeft("w", "It did not answer."),
        new StepLeased(1, 2, 3, "w", "n"),
        new ShardEntered(1, 2, 3, "w", 4, "00ff"),
        new DuplicateCompared(1, 2, 3, "w", 4, false),
        new StepCommitted(4, 3, 0.1f, double.PositiveInfinity, double.NaN, 1e-300, false, 7),
        new Evaluated("valid", "loss", 0.1 + 0.2, true, false),
        new CheckpointComplete("m", "f"),
        new RolledBack(9, 5, "Lost."),
        new PartitionPromoted(1, "server", 2),
        new Quarantined("w", "Its result differed."),
        new RecordsLost(3, 5, "Their host is gone."),
        new RunEnded("completed", "", "f"));

    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    private string Ledger => _scratch["ledger.db"];

    [Fact]
    public void Record_OneOfEachKind_ReadsBackTheSame()
    {
        Assert.Equal(LedgerJson.Kinds, s_oneOfEachKind.Select(entry => LedgerJson.KindOf(entry.GetType())).Order(StringComparer.Ordinal));
        Write(s_oneOfEachKind);
        using var reader = LedgerReader.Open(Ledger);
        Assert.Equal(s_oneOfEachKind, reader.Events());
        Assert.Equal(s_oneOfEachKind[^1].At, reader.Last);
        Assert.Equal(s_oneOfEachKind[5..], reader.Events(s_oneOfEachKind[4].At));
        Assert.Equal(s_oneOfEachKind[7], reader.EventsOf<StepCommitted>().Single());
    }

    [Fact]
    public void Record_Twice_IsThereOnce()
    {
        Write(s_oneOfEachKind);
        Write(s_oneOfEachKind);
        using var reader = LedgerReader.Open(Ledger);
        Assert.Equal(s_oneOfEachKind, reader.Events());
        Assert.Empty(reader.Conflicts());
    }

    [Fact]
    public void Record_AnotherEventUnderOnePlace_KeepsTheFirstAndBothAreKnown()
    {
        Write([Began(1, 1), Began(1, 1) with { Coordinator = "second" }]);
        using var reader = LedgerReader.Open(Ledger);
        Assert.Equal("first", Assert.IsType<TermBegan>(reader.Events().Single()).Coordinator);
        Assert.Equal("second", Assert.IsType<TermBegan>(reader.Conflicts().Single()).Coordinator);
    }

    [Fact]
    public void Flush_WhileTheWriterIsOpen_LetsAReaderSeeEverything()
    {
        using var writer = LedgerWriter.Open(Ledger, new LedgerWriterOptions { QueueMax = 2, BatchMax = 3 });
        using var reader = LedgerReader.Open(Ledger);
        for (var i = 1; i <= 100; i++)
            Assert.True(writer.Record(Began(1, i)));
        Assert.Null(writer.Flush());
        Assert.Equal(100, reader.Events().Count());
        Assert.Null(writer.Flush());
        Assert.Equal(0, writer.LostEvents);
    }

    [Fact]
    public void Record_ByManyThreadsThroughASmallQueue_LosesNothing()
    {
        using (var writer = LedgerWriter.Open(Ledger, new LedgerWriterOptions { QueueMax = 3, BatchMax = 2 }))
            Parallel.For(1, 9, term => Assert.All(Enumerable.Range(1, 50), i => Assert.True(writer.Record(Began(term, i)))));
        using var reader = LedgerReader.Open(Ledger);
        Assert.Equal(400, reader.Events().Count());
    }

    [Fact]
    public void Record_OnADiskThatFails_KeepsWhatFitsCountsTheRestAndGoesOn()
    {
        using var writer = LedgerWriter.Open(Ledger, new LedgerWriterOptions { QueueMax = 4, BatchMax = 2, RetryAfter = TimeSpan.FromHours(1) });
        Execute("ALTER TABLE events RENAME TO away");
        writer.Record(Began(1, 1));
        Assert.Contains("ledger.db cannot be written", writer.Flush(), StringComparison.Ordinal);
        var recorded = 1;
        for (var i = 2; i <= 50; i++)
            recorded += writer.Record(Began(1, i)) ? 1 : 0;
        Assert.InRange(recorded, 4, 6);
        Assert.Equal(50 - recorded, writer.LostEvents);
        Assert.NotNull(writer.Fault);
        Execute("ALTER TABLE away RENAME TO events");
        while (writer.Flush() is not null)
        {
        }
        using var reader = LedgerReader.Open(Ledger);
        Assert.Equal(recorded, reader.Events().Count());
    }

    [Fact]
    public void Files_OfAWriterThatWasKilled_HoldEverythingUpToAFlush()
    {
        using var writer = LedgerWriter.Open(Ledger);
        foreach (var entry in s_oneOfEachKind)
            writer.Record(entry);
        Assert.Null(writer.Flush());
        writer.Record(Began(9, 1));
        foreach (var file in Directory.GetFiles(_scratch.Path, "ledger.db*").Where(file => !file.EndsWith("-shm", StringComparison.Ordinal)))
            File.Copy(file, file.Replace("ledger.db", "copy.db", StringComparison.Ordinal));
        using var reader = LedgerReader.Open(_scratch["copy.db"]);
        Assert.Equal(s_oneOfEachKind, reader.Events().Take(s_oneOfEachKind.Length));
    }

    [Fact]
    public void Views_OfEveryKind_HaveThePlaceAndTheBody()
    {
        Write(s_oneOfEachKind);
        Assert.Equal("5|6|0|4|1|2|3|w|4|00ff", Query("SELECT concat_ws('|', term, sequence, incarnation, step, first_shard, shards, attempt, worker, partition, digest) FROM shard_entered"));
        Assert.Equal("term sequence incarnation step kind body", Query("SELECT group_concat(name, ' ') FROM pragma_table_info('events')"));
        foreach (var kind in LedgerJson.Kinds)
            Assert.Equal("1", Query($"SELECT count(*) FROM {kind.Replace('-', '_')}"));
    }

    [Theory]
    [InlineData("run_started", "run job_sha256 data_digest consistency codec shards partitions")]
    [InlineData("run_ended", "status reason fingerprint")]
    [InlineData("term_began", "coordinator")]
    [InlineData("worker_joined", "worker node")]
    [InlineData("worker_left", "worker reason")]
    [InlineData("quarantined", "worker reason")]
    [InlineData("step_leased", "first_shard shards attempt worker node")]
    [InlineData("shard_entered", "first_shard shards attempt worker partition digest")]
    [InlineData("duplicate_compared", "first_shard shards attempt worker partition is_equal")]
    [InlineData("step_committed", "shards partitions factor norm loss rate applied factor_term")]
    [InlineData("evaluated", "part metric value is_best ends_run")]
    [InlineData("checkpoint_complete", "manifest_sha256 fingerprint")]
    [InlineData("rolled_back", "from to reason")]
    [InlineData("partition_promoted", "partition owner owner_epoch")]
    public void Columns_OfAView_KeepTheirNames(string view, string columns)
    {
        Write(s_oneOfEachKind);
        Assert.Equal("term sequence incarnation step " + columns, Query($"SELECT group_concat(name, ' ') FROM pragma_table_info('{view}')"));
    }

    [Fact]
    public void Open_WhatIsNoLedger_SaysWhy()
    {
        Assert.Contains("There is no ledger", Assert.Throws<InvalidInputException>(() => LedgerReader.Open(Ledger)).Message, StringComparison.Ordinal);
        var text = _scratch.Write("text.db", new string('x', 5000));
        Assert.Contains(text, Assert.Throws<InvalidInputException>(() => LedgerReader.Open(text)).Message, StringComparison.Ordinal);
        Assert.Contains(text, Assert.Throws<InvalidInputException>(() => LedgerWriter.Open(text)).Message, StringComparison.Ordinal);
        Write(s_oneOfEachKind);
        Execute("PRAGMA user_version = 2");
        Assert.Contains("version 2; this program reads 1", Assert.Throws<InvalidInputException>(() => LedgerReader.Open(Ledger)).Message, StringComparison.Ordinal);
        Assert.Contains("version 2; this program reads 1", Assert.Throws<InvalidInputException>(() => LedgerWriter.Open(Ledger)).Message, StringComparison.Ordinal);
        Execute("PRAGMA application_id = 7");
        Assert.Contains("not the ledger of a run", Assert.Throws<InvalidInputException>(() => LedgerWriter.Open(Ledger)).Message, StringComparison.Ordinal);
        Assert.Throws<StorageException>(() => LedgerWriter.Open(_scratch["no-such-directory/ledger.db"]));
    }

    [Theory]
    [InlineData("UPDATE events SET body = '{}' WHERE sequence = 6")]
    [InlineData("UPDATE events SET body = 'null' WHERE sequence = 6")]
    [InlineData("UPDATE events SET body = 'no json' WHERE sequence = 6")]
    [InlineData("UPDATE events SET body = replace(body, '\"w\"', 'null') WHERE sequence = 6")]
    [InlineData("UPDATE events SET kind = 'unheard-of' WHERE sequence = 6")]
    public void Events_WithARowThatIsNone_NameItsPlace(string statement)
    {
        Write(s_oneOfEachKind);
        Execute(statement);
        using var reader = LedgerReader.Open(Ledger);
        Assert.Contains("term 5, sequence 6", Assert.Throws<InvalidInputException>(() => reader.Events().Count()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Record_WithoutAPlace_IsABrokenCaller()
    {
        using var writer = LedgerWriter.Open(Ledger);
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Record(new TermBegan("c")));
    }

    private static LedgerEvent[] Placed(params LedgerEvent[] events) => [.. events.Select((entry, i) => entry with { At = new LedgerPlace(5, i + 1, 0, 4) })];

    private static TermBegan Began(long term, long sequence) => new("first") { At = new LedgerPlace(term, sequence, 0, 0) };

    private void Write(IEnumerable<LedgerEvent> events)
    {
        using var writer = LedgerWriter.Open(Ledger);
        foreach (var entry in events)
            writer.Record(entry);
    }

    private void Execute(string statement)
    {
        using var connection = Connect();
        LedgerSchema.Execute(connection, statement);
    }

    private string? Query(string query)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = query;
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={Ledger};Pooling=False");
        connection.Open();
        return connection;
    }
}
