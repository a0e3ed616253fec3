using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Protocol;

/// <summary>A lease as the coordinator remembers it.</summary>
internal sealed class LeaseState(TreeNode node, long attempt, NodeId worker, TimeSpan since, TimeSpan deadline)
{
    public TreeNode Node { get; } = node;

    public long Attempt { get; } = attempt;

    public NodeId Worker { get; } = worker;

    public TimeSpan Since { get; } = since;

    public TimeSpan Deadline { get; } = deadline;

    /// <summary>When it was last sent.</summary>
    public TimeSpan SentAt { get; set; } = since;

    public bool IsDone { get; set; }

    /// <summary>Whether it has been sent so long ago without having been done that it is sent again; then it counts as sent.</summary>
    public bool TakeRetry(TimeSpan now, TimeSpan after)
    {
        if (IsDone || now - SentAt < after)
            return false;
        SentAt = now;
        return true;
    }
}

/// <summary>
/// Who computes which shards of one step: a cut of the shards into nodes of the gradient tree, and for each the leases that were given. A node needs one lease
/// that is done; others are copies, or former holders'.
/// </summary>
internal sealed class LeaseTable
{
    private readonly List<TreeNode> _nodes;
    private readonly List<LeaseState> _leases = [];

    /// <summary>Cuts the shards of a step for some workers.</summary>
    /// <param name="shards">Shards of the step.</param>
    /// <param name="workers">Workers, at least 1.</param>
    public LeaseTable(int shards, int workers) => _nodes = Cut(shards, workers);

    /// <summary>The nodes that the step is cut into, ascending.</summary>
    public IReadOnlyList<TreeNode> Nodes => _nodes;

    /// <summary>All leases that are remembered.</summary>
    public IReadOnlyList<LeaseState> Leases => _leases;

    /// <summary>Nodes for which nobody holds a lease.</summary>
    public IEnumerable<TreeNode> Open => _nodes.Where(node => !_leases.Any(lease => lease.Node == node));

    public bool IsDone(TreeNode node) => _leases.Any(lease => lease.Node == node && lease.IsDone);

    public bool IsBusy(NodeId worker) => _leases.Any(lease => lease.Worker == worker && !lease.IsDone);

    public void Add(LeaseState lease) => _leases.Add(lease);

    public LeaseState? Find(long attempt) => _leases.FirstOrDefault(lease => lease.Attempt == attempt);

    public void Remove(LeaseState lease) => _leases.Remove(lease);

    /// <summary>Cuts an open node in two, so that more workers can take part; a single shard stays whole.</summary>
    public void Split(TreeNode node)
    {
        if (node.Count < 2 || !_nodes.Remove(node))
            return;
        var split = ShardTree.SplitOf(node.First, node.End);
        _nodes.Add(new TreeNode(node.First, split - node.First));
        _nodes.Add(new TreeNode(split, node.End - split));
        _nodes.Sort((a, b) => a.First.CompareTo(b.First));
    }

    /// <summary>A cut into as many nodes as there are workers, or shards: the largest node is split until there are enough.</summary>
    public static List<TreeNode> Cut(int shards, int workers)
    {
        var nodes = new List<TreeNode> { new(0, shards) };
        while (nodes.Count < workers)
        {
            var largest = nodes.MaxBy(node => node.Count);
            if (largest.Count < 2)
                break;
            nodes.Remove(largest);
            var split = ShardTree.SplitOf(largest.First, largest.End);
            nodes.Add(new TreeNode(largest.First, split - largest.First));
            nodes.Add(new TreeNode(split, largest.End - split));
            nodes.Sort((a, b) => a.First.CompareTo(b.First));
        }
        return nodes;
    }
}

/// <summary>How long a shard usually takes: the median of the last leases, in a window of fixed size.</summary>
internal sealed class ShardTimes
{
    private const int WindowCount = 31;
    private readonly Queue<double> _seconds = new();

    /// <summary>The usual time of a shard, or null before the first.</summary>
    public TimeSpan? Usual => _seconds.Count == 0 ? null : TimeSpan.FromSeconds(_seconds.Order().ElementAt(_seconds.Count / 2));

    public void Add(TimeSpan duration, int shards)
    {
        if (_seconds.Count == WindowCount)
            _seconds.Dequeue();
        _seconds.Enqueue(duration.TotalSeconds / shards);
    }
}
