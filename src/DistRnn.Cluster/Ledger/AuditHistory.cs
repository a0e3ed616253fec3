using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>
/// The run's history as the ledger's decisions tell it, replayed in the order of terms and sequences: which version the run stood at, which steps survive, and
/// what broke the rules of versions, terms, incarnations and owner epochs on the way.
/// </summary>
internal sealed class AuditHistory(AuditFindings findings)
{
    private readonly Dictionary<long, string> _terms = [];
    private readonly Dictionary<(int Incarnation, int Partition), PartitionPromoted> _owners = [];
    private readonly List<RecordsLost> _lost = [];
    private RunStarted? _started;
    private RolledBack? _rolledBack;
    private long _version;
    private long _committing;
    private int _incarnation;

    /// <summary>The commits of the steps that survive, by step.</summary>
    public SortedDictionary<long, StepCommitted> Commits { get; } = [];

    /// <summary>The newest claim about the checkpoint of a version, by version.</summary>
    public Dictionary<long, CheckpointComplete> Checkpoints { get; } = [];

    /// <summary>How the run ended, or null where the ledger does not say.</summary>
    public RunEnded? Ended { get; private set; }

    /// <summary>Second results that were compared.</summary>
    public long Duplicates { get; private set; }

    /// <summary>How often the run was rolled back.</summary>
    public long Rollbacks { get; private set; }

    /// <summary>Steps that survive and whose records are lost.</summary>
    public long Unproven { get; private set; }

    /// <summary>The most shards that a step can have, or the largest number where the ledger does not say.</summary>
    public int ShardsMax { get; private set; }

    /// <summary>Whether a step is one update of the whole batch.</summary>
    public bool IsSynchronous => _started is null or { Consistency: "synchronous" };

    private bool IsReproducible => IsSynchronous && _started is null or { Codec: "none" or "bf16" };

    /// <summary>Takes the next decision.</summary>
    public void Add(LedgerEvent entry)
    {
        switch (entry)
        {
            case RunStarted started:
                Start(started);
                break;
            case TermBegan began:
                Begin(began);
                break;
            case StepCommitted committed:
                Commit(committed);
                break;
            case RolledBack rolledBack:
                RollBack(rolledBack);
                break;
            case CheckpointComplete complete:
                Complete(complete);
                break;
            case PartitionPromoted promoted:
                Promote(promoted);
                break;
            case DuplicateCompared:
                Duplicates++;
                break;
            case RecordsLost lost:
                Lose(lost);
                break;
            case RunEnded ended:
                Ended = ended;
                break;
        }
    }

    /// <summary>Whether records of a step that survives are lost.</summary>
    public bool IsLost(long step) => _lost.Exists(lost => step >= lost.From && step < lost.To);

    /// <summary>Looks for gaps when everything has been added.</summary>
    public void Finish()
    {
        if (_started is null)
            findings.Add(AuditRule.StepMissing, 0, $"The ledger does not say that the run started.");
        Unproven = _lost.Sum(lost => lost.To - lost.From);
        if (IsSynchronous)
            return;
        var next = 0L;
        foreach (var step in Commits.Keys)
        {
            ReportGap(next, step);
            next = step + 1;
        }
    }

    private void Start(RunStarted started)
    {
        var (version, incarnation) = (started.At.Step, started.At.Incarnation);
        if (_started is null)
        {
            ReportGap(0, version);
            (_version, _incarnation) = (version, incarnation);
        }
        else if (version < _version && incarnation <= _incarnation && IsSynchronous)
        {
            findings.Add(AuditRule.StepTwice, version, $"The run started again at version {version}, although it stood at {_version}, without a new incarnation.");
            Supersede(version);
        }
        else if (incarnation < _incarnation)
        {
            findings.Add(AuditRule.IncarnationOrder, version, $"The run started again in incarnation {incarnation}, although it was in {_incarnation}.");
        }
        else if (incarnation > _incarnation)
        {
            Supersede(version);
            _incarnation = incarnation;
        }
        _started = started;
        ShardsMax = Math.Max(ShardsMax, started.Shards);
        Ended = null;
    }

    private void Begin(TermBegan began)
    {
        if (!_terms.TryAdd(began.At.Term, began.Coordinator))
            findings.Add(AuditRule.TermOrder, began.At.Step, $"The term {began.At.Term} began twice: with {_terms[began.At.Term]} and with {began.Coordinator}.");
    }

    private void Commit(StepCommitted committed)
    {
        var (term, step) = (committed.At.Term, committed.At.Step);
        if (!_terms.ContainsKey(term))
            findings.Add(AuditRule.TermOrder, step, $"The step {step} was committed in term {term}, which did not begin.");
        if (committed.FactorTerm > term || committed.FactorTerm < 1)
            findings.Add(AuditRule.TermOrder, step, $"The step {step} was committed in term {term} by a factor of term {committed.FactorTerm}.");
        if (committed.At.Incarnation != _incarnation)
        {
            findings.Add(AuditRule.IncarnationOrder, step, $"The step {step} was committed in incarnation {committed.At.Incarnation}; the run was in {_incarnation}.");
            return;
        }
        var isFirstOfTerm = _committing != term;
        _committing = term;
        if (Commits.TryGetValue(step, out var first))
        {
            if (first.At.Term == term)
                findings.Add(AuditRule.StepTwice, step, $"The step {step} was committed twice in term {term}.");
            else if (!isFirstOfTerm || step != Commits.Keys.Last() || !IsSameDecision(first, committed))
                findings.Add(AuditRule.TwoCoordinators, step, $"The step {step} was committed by the coordinators of two terms, {first.At.Term} and {term}.");
            return;
        }
        Commits.Add(step, committed);
        if (!IsSynchronous)
            return;
        if (step < _version)
            findings.Add(AuditRule.StepTwice, step, $"The step {step} was committed when the run stood at version {_version}, without a rollback.");
        ReportGap(_version, step);
        _version = Math.Max(_version, step + 1);
    }

    private void RollBack(RolledBack rolledBack)
    {
        var (to, incarnation) = (rolledBack.To, rolledBack.At.Incarnation);
        if (_rolledBack is { } last && last.At.Term < rolledBack.At.Term && last with { At = rolledBack.At } == rolledBack && last.At.Incarnation == incarnation)
            return;
        if (incarnation <= _incarnation)
            findings.Add(AuditRule.IncarnationOrder, to, $"The rollback to version {to} begins incarnation {incarnation}; the run was in {_incarnation} already.");
        if (IsSynchronous && to > _version)
            findings.Add(AuditRule.StepMissing, to, $"A rollback goes to version {to}; the run stood at {_version}.");
        Rollbacks++;
        Supersede(to);
        _incarnation = Math.Max(_incarnation, incarnation);
        _rolledBack = rolledBack;
    }

    private static bool IsSameDecision(StepCommitted first, StepCommitted second) =>
        (first.Shards, first.Partitions, first.Factor, first.Rate, first.Applied) == (second.Shards, second.Partitions, second.Factor, second.Rate, second.Applied);

    private void Complete(CheckpointComplete complete)
    {
        var version = complete.At.Step;
        if (IsReproducible && Checkpoints.TryGetValue(version, out var first) && first.Fingerprint != complete.Fingerprint)
            findings.Add(AuditRule.FingerprintDiffers, version, $"The ledger claims two fingerprints of version {version}: {first.Fingerprint} and {complete.Fingerprint}.");
        Checkpoints[version] = complete;
    }

    private void Promote(PartitionPromoted promoted)
    {
        var key = (promoted.At.Incarnation, promoted.Partition);
        if (_owners.TryGetValue(key, out var last))
        {
            if (last.At.Term < promoted.At.Term && last with { At = promoted.At } == promoted)
                return;
            if (promoted.OwnerEpoch <= last.OwnerEpoch)
                findings.Add(AuditRule.OwnerEpochOrder, promoted.At.Step, $"The partition {promoted.Partition} went from {last.Owner} with owner epoch {last.OwnerEpoch} to {promoted.Owner} with {promoted.OwnerEpoch}.");
        }
        _owners[key] = promoted;
    }

    private void Lose(RecordsLost lost)
    {
        if (lost.From < 0 || lost.To <= lost.From)
            findings.Add(AuditRule.StepMissing, lost.From, $"The ledger says that the records of the steps {lost.From} to {lost.To - 1} are lost, which are no steps.");
        else
            _lost.Add(lost);
    }

    private void ReportGap(long next, long step)
    {
        while (next < step && IsLost(next))
            next++;
        if (step == next + 1)
            findings.Add(AuditRule.StepMissing, next, $"The ledger has no commit of the step {next}.");
        else if (step > next)
            findings.Add(AuditRule.StepMissing, next, $"The ledger has no commit of the steps {next} to {step - 1}.");
    }

    private void Supersede(long version)
    {
        foreach (var step in Commits.Keys.Where(step => step >= version).ToArray())
            Commits.Remove(step);
        for (var i = _lost.Count - 1; i >= 0; i--)
        {
            if (_lost[i].To > version)
                _lost[i] = _lost[i] with { To = version };
            if (_lost[i].To <= _lost[i].From)
                _lost.RemoveAt(i);
        }
        _version = version;
    }
}
