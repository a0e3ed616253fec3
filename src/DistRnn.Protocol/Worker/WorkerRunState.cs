using System.Collections.Immutable;

namespace DistRnn.Protocol;

/// <summary>How far a lease has come.</summary>
internal enum WorkPhase
{
    /// <summary>It waits for its turn, or for parameters.</summary>
    Pulling,

    /// <summary>It is being computed.</summary>
    Computing,

    /// <summary>Its gradient is on its way.</summary>
    Pushing,

    /// <summary>Its gradient is on every partition, and kept for the case that one of them gets another owner.</summary>
    Done,
}

/// <summary>One lease of a worker, of a step or of an evaluation.</summary>
internal sealed class WorkItem
{
    public WorkItem(Lease lease) => (Lease, Attempt, Version) = (lease, lease.Attempt, lease.LearningRate is not null ? -1 : lease.Address.Step);

    public WorkItem(EvaluationLease lease) => (Evaluation, Attempt, Version) = (lease, lease.Attempt, lease.Version);

    public Lease? Lease { get; private set; }

    public EvaluationLease? Evaluation { get; private set; }

    public long Attempt { get; private set; }

    /// <summary>The version of the parameters that it needs; -1 for the newest.</summary>
    public long Version { get; }

    public WorkPhase Phase { get; set; }

    /// <summary>Whether its result is no longer wanted.</summary>
    public bool IsAbandoned { get; set; }

    /// <summary>Partitions whose answer has come in this pull.</summary>
    public HashSet<int> Pulled { get; } = [];

    /// <summary>Partitions that have been asked since the last retry.</summary>
    public HashSet<int> Asked { get; } = [];

    public List<LanePart> Lanes { get; } = [];

    public Computed? Result { get; set; }

    /// <summary>Bytes that crossed between this node and others for the lease.</summary>
    public long Bytes { get; set; }

    /// <summary>The owner epoch under which each partition has acknowledged the gradient.</summary>
    public Dictionary<int, long> Pushed { get; } = [];

    /// <summary>The owner epoch under which each partition's push is on its way.</summary>
    public Dictionary<int, long> Sent { get; } = [];

    /// <summary>Takes up another lease of the same piece.</summary>
    public void Renew(EvaluationLease lease)
    {
        (Evaluation, Attempt, IsAbandoned) = (lease, lease.Attempt, false);
        Asked.Clear();
    }

    /// <summary>Takes up another lease of the same shards.</summary>
    public void Renew(Lease lease)
    {
        (Lease, Attempt, IsAbandoned) = (lease, lease.Attempt, false);
        Asked.Clear();
        Sent.Clear();
        if (Phase == WorkPhase.Done)
            Phase = WorkPhase.Pushing;
    }
}

/// <summary>What a worker keeps of one run.</summary>
internal sealed class WorkerRunState(RunKey key, NodeId coordinator, long term)
{
    private long _ownersTerm;

    public RunKey Key { get; private set; } = key;

    public NodeId Coordinator { get; set; } = coordinator;

    public long Term { get; set; } = term;

    public IWorkerPlan? Plan { get; set; }

    public string? Digest { get; set; }

    public ImmutableArray<PartitionOwner> Owners { get; private set; } = [];

    /// <summary>The version of each partition's dense sections in the worker's vector; -1 for none.</summary>
    public long[] Versions { get; set; } = [];

    /// <summary>Dense sections that are asked for before there is a lease of that version, by partition: the version, and the owner epoch under which they were asked for.</summary>
    public SortedDictionary<int, (long Version, long OwnerEpoch)> Ahead { get; } = [];

    /// <summary>Bytes that crossed between this node and others for them, until a lease counts them.</summary>
    public long AheadBytes { get; set; }

    /// <summary>Leases in the order in which they came.</summary>
    public List<WorkItem> Work { get; } = [];

    /// <summary>Whether the compute threads are busy, with a lease that may have been dropped meanwhile.</summary>
    public bool IsComputing { get; set; }

    public static bool AppliesShards(Lease lease) => lease.LearningRate is not null;

    /// <summary>Whether a partition's dense sections of a version are on their way although no lease has asked for them.</summary>
    public bool IsAhead(int partition, long version) => Ahead.TryGetValue(partition, out var asked) && asked == (version, Owners[partition].OwnerEpoch);

    /// <summary>Whether a partition has dense sections and the worker's vector has not those of a version; a version below 0, the newest, is not kept.</summary>
    public bool LacksDense(int partition, long version) => version >= 0 && Plan!.Partitions.Layouts[partition].DenseCount > 0 && Versions[partition] != version;

    public PartitionKey KeyOf(int partition) => new(Key, partition, Owners[partition].OwnerEpoch);

    public void BeginIncarnation(RunKey key)
    {
        DropAll();
        Ahead.Clear();
        (Key, Owners) = (key, []);
        Array.Fill(Versions, -1);
    }

    /// <summary>
    /// Takes what a lease says of owners. An older lease may come later than a newer one of its term, so of two the higher owner epoch is right; a coordinator of a higher
    /// term may go on with owners of an earlier one than those that are known here.
    /// </summary>
    public void TakeOwners(ImmutableArray<PartitionOwner> owners, long term)
    {
        Owners = Owners.IsEmpty || term > _ownersTerm ? owners : [.. Owners.Zip(owners, (known, told) => told.OwnerEpoch >= known.OwnerEpoch ? told : known)];
        _ownersTerm = term;
    }

    /// <summary>Lets go of all that belongs to earlier steps.</summary>
    public void DropBefore(long step)
    {
        foreach (var work in Work.Where(work => (work.Lease?.Address.Step ?? work.Version) < step).ToArray())
            Drop(work);
    }

    /// <summary>Lets go of leases that another coordinator gave and nothing has been done for.</summary>
    public void DropUncomputed()
    {
        foreach (var work in Work.Where(work => work.Phase == WorkPhase.Pulling).ToArray())
            Drop(work);
    }

    public void DropAll()
    {
        foreach (var work in Work.ToArray())
            Drop(work);
    }

    public void Drop(WorkItem work)
    {
        Work.Remove(work);
        if (work.Result is { } result)
            foreach (var part in result.Parts)
                part.Release();
        work.Result = null;
    }
}
