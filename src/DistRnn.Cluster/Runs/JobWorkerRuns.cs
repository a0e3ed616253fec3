using DistRnn.Numerics;
using DistRnn.Protocol;
using DistRnn.Runtime;

namespace DistRnn.Cluster;

/// <summary>The jobs that one worker has read, and its memory for each. It stays on the worker's compute thread.</summary>
/// <param name="load">Reads the job of a run, and says what keeps its files here while it is loaded, or null; throws an <see cref="InvalidInputException"/> where it cannot.</param>
internal sealed class JobWorkerRuns(Func<RunOffer, RunDescription, (LoadedJob Job, IDisposable? Use)> load) : IWorkerRuns
{
    private readonly Dictionary<string, (LoadedJob Job, ShardWorkspace Workspace, IDisposable? Use)> _runs = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Input Load(RunOffer offer)
    {
        var run = offer.Run.Run;
        if (!RunDescription.TryRead(offer.Description, out var description))
            return new RunNotLoaded(run, "The description of the run cannot be read; the coordinator may be of another version.");
        Unload(run);
        var (job, use) = load(offer, description);
        _runs[run] = (job, job.CreateWorkspace(description.Partitions), use);
        return new RunLoaded(run, job.PlanFor(description.Partitions), job.Digest);
    }

    /// <inheritdoc/>
    public void Unload(string run)
    {
        if (!_runs.Remove(run, out var entry))
            return;
        entry.Workspace.Dispose();
        entry.Job.Dispose();
        entry.Use?.Dispose();
    }

    /// <inheritdoc/>
    public void Store(ParameterReply reply)
    {
        if (_runs.TryGetValue(reply.Run.Run, out var entry))
            entry.Workspace.Store(reply);
        else
            reply.Release();
    }

    /// <inheritdoc/>
    public Input Compute(Compute order, Action<PartComputed> ahead) => WorkspaceOf(order.Lease.Run).Compute(order.Lease, order.Lanes, ahead);

    /// <inheritdoc/>
    public Input Evaluate(EvaluationLease lease) => WorkspaceOf(lease.Run).Evaluate(lease);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var run in _runs.Keys.ToArray())
            Unload(run);
    }

    private ShardWorkspace WorkspaceOf(RunKey run) =>
        _runs.TryGetValue(run.Run, out var entry) ? entry.Workspace : throw new InvalidOperationException($"The run {run.Run} has not been read here.");
}
