using DistRnn.Numerics;
using DistRnn.Protocol;
using DistRnn.Runtime;
using DistRnn.Training;

namespace DistRnn.Simulation;

/// <summary>A job as simulated clusters run it: read once, with its undisturbed run and workers' memory that one cluster after another uses.</summary>
/// <remarks>One caller at a time.</remarks>
internal sealed class SimulatedJob : IDisposable
{
    private readonly Dictionary<int, Stack<ShardWorkspace>> _free = [];

    /// <summary>Reads a job and trains it undisturbed.</summary>
    /// <param name="job">The job.</param>
    /// <exception cref="InvalidInputException">The job or its data are not usable, or a run of it has no one right answer.</exception>
    public SimulatedJob(JobOptions job)
    {
        Loaded = LoadedJob.Load(job, 1, SilentProgress.Instance);
        try
        {
            if (!Loaded.IsReproducible)
                throw new InvalidInputException($"The job '{job.Name}' has cluster.consistency {job.Cluster.Consistency} and cluster.codec {job.Cluster.Codec}, so its runs have no one right answer to compare with; allowed are synchronous with none or bf16.");
            Reference = ReferenceRun.Of(job);
        }
        catch
        {
            Loaded.Dispose();
            throw;
        }
    }

    /// <summary>The job.</summary>
    public LoadedJob Loaded { get; }

    /// <summary>The job's name.</summary>
    public string Name => Loaded.Job.Name;

    /// <summary>Its undisturbed run.</summary>
    public ReferenceRun Reference { get; }

    /// <summary>Memory and arithmetic for a worker; what is in it means nothing.</summary>
    /// <param name="partitions">Into how many parts the vector is cut.</param>
    public ShardWorkspace Take(int partitions) =>
        _free.TryGetValue(partitions, out var free) && free.TryPop(out var workspace) ? workspace : Loaded.CreateWorkspace(partitions);

    /// <summary>Takes a workspace back.</summary>
    /// <param name="workspace">The workspace.</param>
    /// <param name="partitions">Into how many parts the vector is cut.</param>
    public void Return(ShardWorkspace workspace, int partitions)
    {
        if (!_free.TryGetValue(partitions, out var free))
            _free[partitions] = free = [];
        free.Push(workspace);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var workspace in _free.Values.SelectMany(free => free))
            workspace.Dispose();
        Loaded.Dispose();
    }
}
