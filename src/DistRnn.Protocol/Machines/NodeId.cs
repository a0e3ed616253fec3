namespace DistRnn.Protocol;

/// <summary>A process of the cluster: where it is, and which life of it. A process that restarts at the same address is another node.</summary>
/// <param name="Address">What the transport calls it; compared ordinally.</param>
/// <param name="Life">A number that no earlier process at this address had.</param>
public readonly record struct NodeId(string Address, long Life) : IComparable<NodeId>
{
    /// <summary>The machine that it is on: what stands between an at sign and the port in its address, the whole address where there is no such sign.</summary>
    public string Host
    {
        get
        {
            var (from, end) = (Address.IndexOf('@', StringComparison.Ordinal) + 1, Address.LastIndexOf(':'));
            return from == 0 || end < from ? Address : Address[from..end];
        }
    }

    /// <summary>Orders nodes by address, then by life: a total order that every node agrees on.</summary>
    /// <param name="other">Another node.</param>
    public int CompareTo(NodeId other)
    {
        var order = string.CompareOrdinal(Address, other.Address);
        return order != 0 ? order : Life.CompareTo(other.Life);
    }

    /// <summary>Whether the left node comes first.</summary>
    public static bool operator <(NodeId left, NodeId right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left node comes last.</summary>
    public static bool operator >(NodeId left, NodeId right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left node comes first or is the same.</summary>
    public static bool operator <=(NodeId left, NodeId right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left node comes last or is the same.</summary>
    public static bool operator >=(NodeId left, NodeId right) => left.CompareTo(right) >= 0;

    /// <summary>The address, and the life behind a hash sign.</summary>
    public override string ToString() => FormattableString.Invariant($"{Address}#{Life}");
}

/// <summary>What a process does in a cluster; a process may hold several roles.</summary>
[Flags]
public enum NodeRoles
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Leases shards and decides updates; one of them is in charge.</summary>
    Coordinator = 1,

    /// <summary>Computes shards.</summary>
    Worker = 2,

    /// <summary>Holds partitions of the parameters and sums their gradients.</summary>
    ParameterServer = 4,
}

/// <summary>One life of a run: a rollback begins the next incarnation, and what belongs to an earlier one is refused everywhere.</summary>
/// <param name="Run">The run's name, unique in the cluster.</param>
/// <param name="Incarnation">How often the run was rolled back.</param>
public readonly record struct RunKey(string Run, int Incarnation);

/// <summary>A partition under one owner. A push or pull that carries another owner epoch than the owner's own is refused.</summary>
/// <param name="Run">The run's life.</param>
/// <param name="Index">The partition, from 0.</param>
/// <param name="OwnerEpoch">How often the partition has got an owner in this incarnation; raised at every promotion.</param>
public readonly record struct PartitionKey(RunKey Run, int Index, long OwnerEpoch);

/// <summary>A node of the gradient tree: some neighbouring shards of a step.</summary>
/// <param name="First">The first shard, from 0.</param>
/// <param name="Count">How many shards, at least 1.</param>
public readonly record struct TreeNode(int First, int Count)
{
    /// <summary>The shard behind the last one.</summary>
    public int End => First + Count;

    /// <summary>Whether all shards of another node are among this one's.</summary>
    /// <param name="other">Another node.</param>
    public bool Covers(TreeNode other) => First <= other.First && other.End <= End;

    /// <summary>Both bounds, as a half-open range.</summary>
    public override string ToString() => FormattableString.Invariant($"[{First},{End})");
}

/// <summary>A step's place in a run.</summary>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="StepInEpoch">The step inside the epoch, from 0.</param>
/// <param name="Step">The step of the whole run, from 0: the version of the parameters it begins with.</param>
public readonly record struct StepAddress(int Epoch, long StepInEpoch, long Step)
{
    /// <summary>Whether lanes begin this step with +0 instead of carried state.</summary>
    public bool BeginsEpoch => StepInEpoch == 0;
}

/// <summary>Sums over the shards of a node of the gradient tree.</summary>
/// <param name="Loss">The sum of the losses, added by the tree.</param>
/// <param name="Targets">Targets that entered the loss.</param>
/// <param name="Sequences">Sequences (lanes); 0 is a node whose shards are all empty, which is absent from the tree.</param>
/// <param name="Correct">Targets whose most probable class was right.</param>
/// <param name="Tokens">Time steps of all sequences.</param>
public readonly record struct NodeSums(double Loss, long Targets, long Sequences, long Correct, long Tokens)
{
    /// <summary>Whether no shard of the node had a sequence.</summary>
    public bool IsAbsent => Sequences == 0;

    /// <summary>The parent of two neighbours: what is absent is not added.</summary>
    /// <param name="left">The left child.</param>
    /// <param name="right">The right child.</param>
    public static NodeSums Combine(NodeSums left, NodeSums right) =>
        left.IsAbsent ? right
        : right.IsAbsent ? left
        : new NodeSums(left.Loss + right.Loss, left.Targets + right.Targets, left.Sequences + right.Sequences, left.Correct + right.Correct, left.Tokens + right.Tokens);
}
