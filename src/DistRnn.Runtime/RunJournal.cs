using System.Collections.Immutable;
using DistRnn.Protocol;
using DistRnn.Training;

namespace DistRnn.Runtime;

/// <summary>What is known at the end of a distributed run, beside what its journal has seen.</summary>
/// <param name="Status">The status, as the summary spells it.</param>
/// <param name="Reason">Why it ended, in words; empty where all its steps were done.</param>
/// <param name="Workers">Workers that computed.</param>
/// <param name="ParameterServers">Parameter servers that took part.</param>
/// <param name="BytesPerStep">Bytes that workers pulled from and pushed to other processes, a step; null for what the coordinator has counted.</param>
public sealed record JournalEnding(string Status, string Reason, int Workers, int ParameterServers, long? BytesPerStep);

/// <summary>The run directory of a distributed run: it takes what the coordinator reports and writes what a run in one process would have written.</summary>
/// <remarks>One caller at a time.</remarks>
public sealed class RunJournal : IDisposable
{
    private readonly LoadedJob _job;
    private readonly TrainingRunOptions _options;
    private readonly ITrainingProgress _progress;
    private readonly RunDirectory _directory;
    private readonly RunRecord _record;
    private ExecutionFacts _facts = new();
    private StepReport? _openRow;
    private MetricSet? _openValid;

    internal RunJournal(LoadedJob job, TrainingRunOptions options, ITrainingProgress progress, long started)
    {
        (_job, _options, _progress) = (job, options, progress);
        _directory = RunDirectory.Choose(job.Job.Name, options);
        _record = new RunRecord(job.Setup, _directory, options, progress, started);
    }

    /// <summary>The run directory, absolute.</summary>
    public string Directory => _directory.Path;

    /// <summary>Opens the directory.</summary>
    /// <param name="adopted">The version that is taken over from an earlier coordinator, whose rows stand; null where steps are computed from what is opened.</param>
    /// <returns>The newest checkpoint's content where the run is resumed and has one, the beginning otherwise.</returns>
    /// <exception cref="Numerics.InvalidInputException">What is to be resumed belongs to another job, or the directory cannot be used.</exception>
    public VersionContent Open(long? adopted = null)
    {
        var content = VersionContent.Empty(_job);
        var position = _record.Open(content.State) ?? new RunPosition();
        content.Mark(position.Step, position.ToJson());
        BeginFacts();
        var course = _job.RunCourse;
        var stateBytes = sizeof(float) * (content.Parameters.Count * (2L + content.State.Optimizer.Vectors.Length) + 2 * (content.State.Lanes?.Values.Count ?? 0));
        _record.Begin(stateBytes, adopted ?? (course.IsEvaluationDue(position) ? position.Step - 1 : position.Step));
        if (adopted is null && course.IsEvaluationDue(position))
            _openRow = ReportOf(position);
        _record.Clock.BeginStep();
        return content;
    }

    /// <summary>
    /// Writes the rows of steps that the coordinator before had committed and not yet written, or written where nobody reads them any more, from what the ledger says of them:
    /// without their speed, and without what the validation part said.
    /// </summary>
    /// <param name="commits">The commits, by step.</param>
    /// <param name="position">The position that is taken over, which tells of its last step; empty where it is not known.</param>
    public void Fill(IEnumerable<StepCommitted> commits, ReadOnlyMemory<byte> position)
    {
        ArgumentNullException.ThrowIfNull(commits);
        var (epoch, end) = (0, (long)_job.Setup.Plan.StepsIn(0));
        foreach (var commit in commits)
        {
            while (commit.At.Step >= end)
                end += _job.Setup.Plan.StepsIn(++epoch);
            var row = _record.ReportOf(commit.At.Step + 1, epoch, commit.At.Step + 1 == end, (commit.Loss, commit.Rate, commit.Norm, commit.Applied));
            _record.WriteRow(row with { TokensPerSecond = double.NaN }, null);
        }
        if (position.IsEmpty || RunPosition.FromJson(position) is not { Step: > 0 } last)
            return;
        _openRow = ReportOf(last) with { TokensPerSecond = double.NaN };
        if (!_job.RunCourse.IsEvaluationDue(last))
            FlushRow();
    }

    /// <summary>Takes a committed step.</summary>
    /// <param name="report">What the coordinator reports.</param>
    public void Take(StepReported report)
    {
        ArgumentNullException.ThrowIfNull(report);
        FlushRow();
        _record.Clock.EndStep(report.Sums.Tokens);
        _record.Clock.BeginStep();
        var position = RunPosition.FromJson(report.Settlement.Position);
        var row = ReportOf(position);
        _openRow = row;
        // A row waits for its evaluation, if there is one; where another process may take this one's place, no other row waits.
        if (_options.MayBeTakenOver && !_job.RunCourse.IsEvaluationDue(position))
            FlushRow();
        _progress.StepDone(row);
    }

    /// <summary>Takes an evaluation.</summary>
    /// <param name="report">What the coordinator reports.</param>
    /// <param name="seconds">How long it took.</param>
    public void Take(EvaluationReported report, double seconds)
    {
        ArgumentNullException.ThrowIfNull(report);
        var metrics = JobCourse.MetricsOf(report.Pieces);
        _record.Clock.EvaluationTook(seconds);
        _record.Clock.BeginStep();
        _record.Best.Add(report.Version, report.Settlement.Value, metrics);
        _openValid = metrics;
        _progress.Evaluated(new EvaluationReport(report.Version, "valid", metrics, report.Settlement.IsBest, seconds));
    }

    /// <summary>The first shards of a step are given out: time before was spent waiting for nodes, and is not training's.</summary>
    public void BeginTraining() => _record.Clock.BeginStep();

    /// <summary>Takes a fault.</summary>
    /// <param name="fault">What the coordinator noticed.</param>
    public void Take(FaultNoticed fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        _facts.Faults[fault.Kind] = _facts.Faults.GetValueOrDefault(fault.Kind) + 1;
        if (fault.Kind == "non-finite")
            return;
        KeepFacts();
        _progress.Note(fault.Reason);
    }

    /// <summary>Says what the run waits for.</summary>
    /// <param name="waiting">What the coordinator waits for.</param>
    public void Take(Waiting waiting)
    {
        ArgumentNullException.ThrowIfNull(waiting);
        _progress.Note(waiting.For);
    }

    /// <summary>Takes a recovery.</summary>
    /// <param name="recovered">What was put right.</param>
    public void Take(Recovered recovered)
    {
        ArgumentNullException.ThrowIfNull(recovered);
        _facts.Recoveries.Add((recovered.What, recovered.Duration.TotalSeconds));
        KeepFacts();
    }

    /// <summary>Takes a rollback: rows of steps that are to be computed again are marked.</summary>
    /// <param name="wentBack">From where to where.</param>
    public void Take(WentBack wentBack)
    {
        ArgumentNullException.ThrowIfNull(wentBack);
        FlushRow();
        _facts = _facts with { Incarnation = wentBack.Incarnation };
        KeepFacts();
        _record.SupersedeRows(wentBack.To);
        _record.Clock.BeginStep();
    }

    /// <summary>Writes a checkpoint.</summary>
    /// <param name="content">The version, whole and marked.</param>
    /// <returns>Its fingerprint and manifest digest, or why it could not be written.</returns>
    public (string? Fingerprint, string ManifestDigest, string? Reason) Save(VersionContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        try
        {
            var fingerprint = _record.Save(content.State, RunPosition.FromJson(content.Position));
            return fingerprint is null
                ? (null, "", $"The checkpoint of step {content.Version} could not be written.")
                : (fingerprint, _record.Keeper.ManifestDigestOf(content.Version), null);
        }
        catch (CheckpointException error)
        {
            return (null, "", error.Message);
        }
    }

    /// <summary>Whether the best model that a position speaks of is here, or is not wanted.</summary>
    /// <param name="position">The position.</param>
    public bool HasBestOf(ReadOnlyMemory<byte> position) => _record.Keeper.HasBestOf(RunPosition.FromJson(position));

    /// <summary>The newest complete checkpoint, or the beginning where there is none.</summary>
    public VersionContent LoadNewest()
    {
        var content = VersionContent.Empty(_job);
        if (_record.Keeper.Resume(content.State, SilentProgress.Instance) is { } position)
        {
            content.Mark(position.Step, position.ToJson());
            return content;
        }
        content.Dispose();
        return VersionContent.Start(_job);
    }

    /// <summary>Writes the kept model and the summary.</summary>
    /// <param name="ending">How it ended.</param>
    /// <param name="content">The last version.</param>
    /// <param name="cancellation">Ends the evaluation of the kept model.</param>
    public RunSummary Finish(JournalEnding ending, VersionContent content, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(ending);
        ArgumentNullException.ThrowIfNull(content);
        FlushRow();
        var summary = _record.Finish(
            new RunEnding
            {
                Status = Enum.Parse<RunStatus>(ending.Status, ignoreCase: true),
                Reason = ending.Reason.Length == 0 ? null : ending.Reason,
                Position = RunPosition.FromJson(content.Position),
                Parameters = content.Parameters,
                Faults = _facts.Faults,
                Recoveries = [.. _facts.Recoveries],
                Workers = ending.Workers,
                ParameterServers = ending.ParameterServers,
                Incarnation = _facts.Incarnation,
                Reproducible = _job.IsReproducible,
                BytesPerStep = ending.BytesPerStep ?? 0,
            },
            cancellation);
        ExecutionFacts.Remove(Directory);
        return summary;
    }

    /// <inheritdoc/>
    public void Dispose() => _record.Dispose();

    private StepReport ReportOf(RunPosition position) =>
        _record.ReportOf(position.Step, position.Epoch, _job.RunCourse.IsEpochDone(position), position.LastStep);

    private void BeginFacts()
    {
        var (resumedFrom, seconds) = _record.Course;
        var now = _options.Clock.GetUtcNow();
        _facts = new ExecutionFacts { Began = now - TimeSpan.FromSeconds(seconds), ResumedFrom = resumedFrom };
        if (_options.IsTakenOver && ExecutionFacts.Read(Directory) is { } earlier)
        {
            _facts = earlier;
            _record.Continue(earlier.ResumedFrom, Math.Max(0, (now - earlier.Began).TotalSeconds - seconds));
        }
        KeepFacts();
    }

    private void KeepFacts()
    {
        if (_options.MayBeTakenOver)
            _facts.Write(Directory);
    }

    private void FlushRow()
    {
        if (_openRow is { } row)
            _record.WriteRow(row, _openValid);
        (_openRow, _openValid) = (null, null);
    }
}
