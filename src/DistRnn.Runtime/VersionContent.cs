using System.Collections.Immutable;
using DistRnn.Numerics;
using DistRnn.Optimizers;
using DistRnn.Protocol;
using DistRnn.Training;

namespace DistRnn.Runtime;

/// <summary>Everything that belongs to one version of a run, whole: it is cut for partitions, and put together from them.</summary>
public sealed class VersionContent : IDisposable
{
    private readonly LoadedJob _job;
    private readonly HashSet<int> _taken = [];

    private VersionContent(LoadedJob job) => (_job, State) = (job, RunState.Create(job.Setup));

    /// <summary>Updates that it has had.</summary>
    public long Version { get; private set; }

    /// <summary>The run's position.</summary>
    public ReadOnlyMemory<byte> Position { get; private set; }

    /// <summary>The flat vector.</summary>
    public FloatBuffer Parameters => State.Parameters;

    internal RunState State { get; }

    /// <summary>The fingerprint of the parameters.</summary>
    public string Fingerprint() => Numerics.Fingerprint.Of(_job.Table, State.Parameters);

    /// <summary>What a partition's owner is to hold: a copy.</summary>
    /// <param name="layout">The partition.</param>
    public PartitionContent ContentOf(PartitionLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        var parameters = new FloatBuffer(layout.Count);
        CopyFloats(State.Parameters, layout.First, parameters, 0, layout.Count);
        var optimizer = new OptimizerState(State.Optimizer.Rule, layout.Count) { Scalars = State.Optimizer.Scalars };
        for (var i = 0; i < optimizer.Vectors.Length; i++)
            CopyFloats(State.Optimizer.Vectors[i], layout.First, optimizer.Vectors[i], 0, layout.Count);
        var partitions = layout.Partitions;
        var lanes = State.Lanes is not { } all ? []
            : Enumerable.Range(0, _job.Shards).Where(shard => shard % partitions == layout.Index && _job.Lanes.Count(shard) > 0).Select(shard => _job.Lanes.Take(shard, all)).ToImmutableArray();
        return new PartitionContent(Version, parameters, optimizer, lanes, Position, []);
    }

    /// <summary>Takes a partition's content in.</summary>
    /// <param name="layout">The partition.</param>
    /// <param name="content">Its content; stays the caller's.</param>
    /// <returns>Whether all partitions have come.</returns>
    public bool Take(PartitionLayout layout, PartitionContent content)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(content);
        CopyFloats(content.Parameters, 0, State.Parameters, layout.First, layout.Count);
        for (var i = 0; i < State.Optimizer.Vectors.Length; i++)
            CopyFloats(content.Optimizer.Vectors[i], 0, State.Optimizer.Vectors[i], layout.First, layout.Count);
        State.Optimizer.Scalars = content.Optimizer.Scalars;
        if (State.Lanes is { } lanes)
            foreach (var part in content.Lanes)
                _job.Lanes.TryPut(part, lanes);
        return _taken.Add(layout.Index) && _taken.Count == layout.Partitions;
    }

    /// <summary>Says which version it is.</summary>
    /// <param name="version">Updates that it has had.</param>
    /// <param name="position">The run's position.</param>
    public void Mark(long version, ReadOnlyMemory<byte> position) => (Version, Position) = (version, position);

    /// <inheritdoc/>
    public void Dispose() => State.Dispose();

    internal static VersionContent Empty(LoadedJob job) => new(job);

    internal static VersionContent Start(LoadedJob job)
    {
        var content = new VersionContent(job);
        job.Setup.Network.Initialize(job.Job.Seed, content.Parameters);
        StartingModel.Apply(job.Setup, content.Parameters, SilentProgress.Instance);
        content.Mark(0, new RunPosition().ToJson());
        return content;
    }

    private static unsafe void CopyFloats(FloatBuffer from, long fromFirst, FloatBuffer to, long toFirst, long count)
    {
        if (count == 0)
            return;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(fromFirst + count, from.Count, nameof(count));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(toFirst + count, to.Count, nameof(count));
        Buffer.MemoryCopy(from.Pointer + fromFirst, to.Pointer + toFirst, count * sizeof(float), count * sizeof(float));
    }
}
