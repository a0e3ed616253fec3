using DistRnn.Protocol;
using Microsoft.Data.Sqlite;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>
/// Writes the ledger of a run that is in order, as its coordinators would: two partitions, three shards, and between the steps whatever a test asks for.
/// Afterwards a test changes rows behind the ledger's back.
/// </summary>
internal sealed class RunScript : IDisposable
{
    public const int Partitions = 2;
    public const int Shards = 3;

    private readonly ScratchDirectory _scratch = new();
    private readonly List<LedgerEvent> _events = [];
    private long _term;
    private long _sequence;
    private int _incarnation;

    public string Directory => _scratch.Path;

    public string Ledger => _scratch[Audit.LedgerName];

    /// <summary>The next step: the version that the run stands at.</summary>
    public long Version { get; private set; }

    /// <summary>A run of some steps under one coordinator.</summary>
    public static RunScript OfSteps(int steps, string consistency = "synchronous") => new RunScript().Term().Start(0, consistency).Steps(steps);

    public RunScript Add(long step, LedgerEvent entry)
    {
        _events.Add(entry with { At = new LedgerPlace(_term, ++_sequence, _incarnation, step) });
        return this;
    }

    public RunScript Start(long version, string consistency = "synchronous") =>
        Add(version, new RunStarted("run", new string('1', 64), new string('2', 64), consistency, "none", Shards, Partitions));

    /// <summary>The next coordinator takes over.</summary>
    public RunScript Term()
    {
        (_term, _sequence) = (_term + 1, 0);
        return Add(Version, new TermBegan(FormattableString.Invariant($"coordinator-{_term}")));
    }

    public RunScript Steps(int count)
    {
        for (var i = 0; i < count; i++)
        {
            for (var partition = 0; partition < Partitions; partition++)
            {
                Add(Version, new ShardEntered(0, 2, 1, "worker-1", partition, "aa"));
                Add(Version, new ShardEntered(2, 1, 2, "worker-2", partition, "bb"));
            }
            Add(Version, Committed(_term));
            Version++;
        }
        return this;
    }

    /// <summary>The next steps are made, and their records are lost.</summary>
    public RunScript Lose(int steps)
    {
        Add(Version + steps, new RecordsLost(Version, Version + steps, "Their host is gone."));
        Version += steps;
        return this;
    }

    public RunScript RollBack(long to)
    {
        _incarnation++;
        Add(to, new RolledBack(Version, to, "Owner and replica were lost."));
        Version = to;
        return this;
    }

    /// <summary>Records some events again in the term that is in work, as a coordinator that takes over does.</summary>
    public RunScript RecordAgain(Func<LedgerEvent, bool> which)
    {
        foreach (var entry in _events.Where(which).ToArray())
            Add(entry.At.Step, entry);
        return this;
    }

    /// <summary>Writes the ledger and audits.</summary>
    public AuditResult Audited()
    {
        using (var writer = LedgerWriter.Open(Ledger))
        {
            foreach (var entry in _events)
                writer.Record(entry);
        }
        return Audit.Run(Directory);
    }

    /// <summary>Writes the ledger, changes it by SQL, and audits.</summary>
    public AuditResult AuditedAfter(string statement)
    {
        Audited();
        using (var connection = new SqliteConnection($"Data Source={Ledger};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = statement;
            Assert.True(command.ExecuteNonQuery() > 0, $"'{statement}' changed nothing.");
        }
        return Audit.Run(Directory);
    }

    public void Dispose() => _scratch.Dispose();

    public static StepCommitted Committed(long factorTerm) => new(Shards, Partitions, 0.25f, 1.5, 2.5, 0.1, true, factorTerm);
}
