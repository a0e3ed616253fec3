using System.Globalization;
using System.Text;
using System.Text.Json;
using DistRnn.Formats;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// Writes and reads the checkpoints of a run: four parts under one manifest. It keeps the newest, and besides them every best one that a kept
/// checkpoint speaks of, so that whichever of them a run goes on from, the best model so far is there.
/// </summary>
internal sealed class CheckpointKeeper
{
    private const string ParametersPart = "parameters.safetensors";
    private const string OptimizerPart = "optimizer.safetensors";
    private const string LanesPart = "lanes.safetensors";
    private const string PositionPart = "position.json";

    private readonly RunDirectory _run;
    private readonly TrainingSetup _setup;
    private readonly CheckpointDirectory _directory;
    private readonly string _dataDigest;
    private readonly string _jobDigest;
    private readonly Dictionary<long, long?> _bestOf = [];

    /// <summary>Takes a run's directory.</summary>
    /// <param name="run">The run directory.</param>
    /// <param name="setup">The job.</param>
    /// <param name="store">The file system; null for this machine's.</param>
    public CheckpointKeeper(RunDirectory run, TrainingSetup setup, IFileStore? store)
    {
        (_run, _setup) = (run, setup);
        _directory = new CheckpointDirectory(run.Checkpoints, store);
        var training = setup.Job.Training;
        _dataDigest = setup.Data.PlanDigest(setup.Job.Seed, training.Batch, training.BatchShards, training.Window);
        _jobDigest = StoredContent.Of(Encoding.UTF8.GetBytes(JobFile.Write(setup.Job))).Sha256;
    }

    /// <summary>Writes a checkpoint, and deletes those no longer needed.</summary>
    /// <param name="state">The state.</param>
    /// <param name="position">Its position.</param>
    /// <returns>The fingerprint of its parameters.</returns>
    /// <exception cref="StorageException">It could not be written; older ones are untouched.</exception>
    public string Save(RunState state, RunPosition position)
    {
        var table = _setup.Network.Parameters;
        var fingerprint = Fingerprint.Of(table, state.Parameters);
        var parts = new List<CheckpointPart> { new(ParametersPart, stream => TensorFiles.WriteParameters(stream, table, state.Parameters, position.Step)) };
        if (state.Optimizer.Vectors.Length > 0)
            parts.Add(new(OptimizerPart, stream => TensorFiles.WriteOptimizer(stream, table, state.Optimizer)));
        if (state.Lanes is { } lanes)
            parts.Add(new(LanesPart, stream => TensorFiles.WriteLanes(stream, lanes)));
        parts.Add(new(PositionPart, stream => stream.Write(position.ToJson())));
        _directory.Write(
            new Manifest
            {
                Step = position.Step,
                Epoch = position.Epoch,
                JobSha256 = _jobDigest,
                DataDigest = _dataDigest,
                Fingerprint = fingerprint,
                Parts = [],
            },
            parts);
        _bestOf[position.Step] = position.Best?.Step;
        Prune(position.Best?.Step);
        return fingerprint;
    }

    /// <summary>Goes on from the newest complete checkpoint; damaged ones are passed over with a note.</summary>
    /// <param name="state">Receives parameters, optimiser vectors and lane state.</param>
    /// <param name="progress">Who watches.</param>
    /// <returns>The position, or null where there is nothing to go on from.</returns>
    /// <exception cref="InvalidInputException">The run belongs to another job or other data.</exception>
    public RunPosition? Resume(RunState state, ITrainingProgress progress)
    {
        var found = _directory.FindNewestComplete();
        foreach (var defect in found.Defects)
            progress.Note(FormattableString.Invariant($"The checkpoint of step {defect.Step} is passed over: {defect.Reason}"));
        if (found.Newest is not { } newest)
        {
            progress.Note($"There is no complete checkpoint in {_run.Checkpoints}: the run starts afresh.");
            return null;
        }
        var isDataSame = newest.Manifest.DataDigest == _dataDigest;
        if (File.Exists(_run.JobFile))
            JobComparison.CheckResume(JobFile.Read(_run.JobFile, JobOverrides.None), _setup.Job, isDataSame);
        if (!isDataSame)
            throw new InvalidInputException($"The checkpoint {newest.Directory} was made with other data: its digest is {newest.Manifest.DataDigest}, that of the job's data is {_dataDigest}. Put the old files back, or start another run.");
        var position = PositionOf(newest);
        Read(newest, state);
        state.Optimizer.Scalars = position.Optimizer;
        foreach (var step in _directory.Steps.Where(step => step <= position.Step))
            if (TryOpen(step) is { } older)
                _bestOf[step] = PositionOf(older).Best?.Step;
        return position;
    }

    /// <summary>Reads the parameters of a step's checkpoint.</summary>
    /// <param name="step">The step.</param>
    /// <param name="parameters">Where to.</param>
    /// <exception cref="InvalidInputException">There is none, or it is damaged.</exception>
    public void LoadParameters(long step, FloatBuffer parameters) =>
        TensorFiles.ReadParameters(_directory.Open(step).PathOf(ParametersPart), _setup.Network.Parameters, parameters);

    /// <summary>Whether the best model that a position speaks of can be kept: it is not wanted, or its checkpoint is whole.</summary>
    /// <param name="position">The position.</param>
    public bool HasBestOf(RunPosition position) => _setup.Keep != KeepKind.Best || position.Best is not { } best || best.Step == position.Step || TryOpen(best.Step) is not null;

    /// <summary>SHA-256 of a checkpoint's manifest.</summary>
    /// <param name="step">Its step.</param>
    public string ManifestDigestOf(long step) => StoredContent.Of(File.ReadAllBytes(Path.Combine(_directory.Open(step).Directory, Checkpoint.ManifestName))).Sha256;

    /// <summary>The newest complete checkpoint, in a sentence.</summary>
    public string NewestInWords() => _directory.FindNewestComplete().Newest is { } newest
        ? $"The newest complete checkpoint is {newest.Directory}."
        : "There is no complete checkpoint yet.";

    /// <summary>Reads the parameters of a checkpoint that a user names.</summary>
    /// <param name="run">The run directory.</param>
    /// <param name="checkpoint">A step's number, <c>step-N</c>, or the checkpoint's directory.</param>
    /// <param name="table">The network's tensors.</param>
    /// <param name="parameters">Where to.</param>
    /// <returns>The step.</returns>
    /// <exception cref="InvalidInputException">There is none, or it is damaged.</exception>
    public static long ReadParameters(RunDirectory run, string checkpoint, ParameterTable table, FloatBuffer parameters)
    {
        var name = checkpoint.StartsWith("step-", StringComparison.Ordinal) ? checkpoint["step-".Length..] : checkpoint;
        var opened = long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var step)
            ? new CheckpointDirectory(run.Checkpoints).Open(step)
            : Directory.Exists(checkpoint)
                ? Checkpoint.Open(Path.GetFullPath(checkpoint))
                : throw new InvalidInputException($"There is no checkpoint '{checkpoint}'; allowed are a step's number, step-N, or the directory of a checkpoint. {run.Checkpoints} has {StepsInWords(run)}.");
        TensorFiles.ReadParameters(opened.PathOf(ParametersPart), table, parameters);
        return opened.Manifest.Step;
    }

    /// <summary>The steps that a run has checkpoints of, in words.</summary>
    /// <param name="run">The run directory.</param>
    public static string StepsInWords(RunDirectory run)
    {
        var steps = new CheckpointDirectory(run.Checkpoints).Steps;
        return steps.IsEmpty ? "no checkpoints" : $"checkpoints of the steps {string.Join(", ", steps)}";
    }

    private void Read(Checkpoint checkpoint, RunState state)
    {
        var table = _setup.Network.Parameters;
        TensorFiles.ReadParameters(checkpoint.PathOf(ParametersPart), table, state.Parameters);
        if (state.Optimizer.Vectors.Length > 0)
            TensorFiles.ReadOptimizer(checkpoint.PathOf(OptimizerPart), table, state.Optimizer);
        if (state.Lanes is { } lanes)
            TensorFiles.ReadLanes(checkpoint.PathOf(LanesPart), lanes);
    }

    private static RunPosition PositionOf(Checkpoint checkpoint)
    {
        var path = checkpoint.PathOf(PositionPart);
        try
        {
            return RunPosition.FromJson(File.ReadAllBytes(path));
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"{path} is not a position that this program can read: {error.Message}", error);
        }
    }

    private Checkpoint? TryOpen(long step)
    {
        try
        {
            return _directory.Open(step);
        }
        catch (InvalidInputException)
        {
            return null;
        }
    }

    private void Prune(long? best)
    {
        var keep = _setup.Job.Checkpoint.Keep;
        var pinned = new HashSet<long>();
        if (_setup.Keep == KeepKind.Best)
        {
            foreach (var step in _bestOf.Keys.Order().TakeLast(keep))
                if (_bestOf[step] is { } own)
                    pinned.Add(own);
            if (best is { } current)
                pinned.Add(current);
        }
        _directory.Prune(keep, pinned);
        var left = _directory.Steps.ToHashSet();
        foreach (var gone in _bestOf.Keys.Where(step => !left.Contains(step)).ToArray())
            _bestOf.Remove(gone);
    }
}
