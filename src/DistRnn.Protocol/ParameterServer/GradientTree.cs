using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Protocol;

/// <summary>What became of a gradient that was added to a tree.</summary>
internal enum TreeAddition
{
    /// <summary>It is used.</summary>
    Taken,

    /// <summary>The same shards are there already, with the same digest where there is one to compare.</summary>
    Duplicate,

    /// <summary>The same shards are there already and were something else.</summary>
    Differs,

    /// <summary>Those shards are no node of the tree.</summary>
    NoNode,
}

/// <summary>
/// The sum of one step's gradients on one partition, by the gradient tree: a node is there by its own push or when both its children are, whoever sent them
/// and in whatever order; the first arrival counts. Arrival order never reaches a sum: which floats are added to which is decided by the tree alone.
/// </summary>
/// <remarks>It holds at most one gradient for each shard, and keeps what entered until it is disposed, to compare duplicates with.</remarks>
internal sealed class GradientTree(SumBuffers buffers, int shards, PartitionArithmetic arithmetic, FloatRounding? rounding) : IDisposable
{
    private readonly Dictionary<TreeNode, Entry> _entries = [];
    private readonly Dictionary<TreeNode, EnteredNode> _seen = [];

    /// <summary>Whether all shards are in.</summary>
    public bool IsComplete => _entries.ContainsKey(Root);

    /// <summary>The sum of all shards; only when <see cref="IsComplete"/>.</summary>
    public GradientPart Gradient => _entries[Root].Part;

    /// <summary>The sums of all shards; only when <see cref="IsComplete"/>.</summary>
    public NodeSums Sums => _entries[Root].Sums;

    /// <summary>What entered the sum; only when <see cref="IsComplete"/>.</summary>
    public ImmutableArray<EnteredNode> Entered => _entries[Root].Entered;

    private TreeNode Root => new(0, shards);

    /// <summary>Adds a gradient; whatever is not taken is not kept.</summary>
    /// <param name="entered">Which shards, whose.</param>
    /// <param name="sums">Their sums.</param>
    /// <param name="part">Their gradient; the tree's from now on, taken or not.</param>
    /// <param name="first">What had come before, where it is compared with that.</param>
    public TreeAddition Add(EnteredNode entered, NodeSums sums, GradientPart part, out EnteredNode? first)
    {
        first = null;
        var path = PathTo(entered.Node);
        if (path is null)
        {
            part.Release();
            return TreeAddition.NoNode;
        }
        if (path.Any(_entries.ContainsKey))
        {
            part.Release();
            return _seen.TryGetValue(entered.Node, out first) && first.Digest != entered.Digest ? TreeAddition.Differs : TreeAddition.Duplicate;
        }
        foreach (var below in _entries.Keys.Where(node => entered.Node.Covers(node)).ToArray())
            Drop(below);
        _seen[entered.Node] = entered;
        Put(entered.Node, new Entry(part, sums, [entered]), path);
        return TreeAddition.Taken;
    }

    /// <summary>Makes a tree whose sum is known: a replica's that becomes the owner.</summary>
    /// <param name="report">What the former owner reported.</param>
    /// <param name="gradient">The sum.</param>
    public void SetRoot(GradientReport report, GradientPart gradient)
    {
        foreach (var node in _entries.Keys.ToArray())
            Drop(node);
        _entries[Root] = new Entry(gradient, report.Sums, report.Entered);
        foreach (var entered in report.Entered)
            _seen[entered.Node] = entered;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var entry in _entries.Values)
            entry.Part.Release();
        _entries.Clear();
    }

    /// <summary>Compares a gradient that comes after the sum was used.</summary>
    /// <param name="entered">Which shards, whose.</param>
    /// <param name="first">What had come before.</param>
    public bool Differs(EnteredNode entered, out EnteredNode? first) => _seen.TryGetValue(entered.Node, out first) && first.Digest != entered.Digest;

    private static TreeNode SiblingIn(TreeNode parent, TreeNode child) =>
        child.First == parent.First ? new TreeNode(child.End, parent.End - child.End) : new TreeNode(parent.First, child.First - parent.First);

    private List<TreeNode>? PathTo(TreeNode node)
    {
        if (node.Count < 1 || node.First < 0 || node.End > shards || node.End < node.First)
            return null;
        var path = new List<TreeNode>();
        var (from, to) = (0, shards);
        while (true)
        {
            var here = new TreeNode(from, to - from);
            path.Add(here);
            if (here == node)
                return path;
            if (to - from < 2)
                return null;
            var split = ShardTree.SplitOf(from, to);
            if (node.First >= split)
                from = split;
            else if (node.End <= split)
                to = split;
            else
                return null;
        }
    }

    private void Put(TreeNode node, Entry entry, List<TreeNode> path)
    {
        for (var level = path.Count - 2; level >= 0; level--)
        {
            var sibling = SiblingIn(path[level], node);
            if (!_entries.Remove(sibling, out var other))
                break;
            entry = node.First < sibling.First ? Combine(entry, other) : Combine(other, entry);
            node = path[level];
        }
        _entries[node] = entry;
    }

    private Entry Combine(Entry left, Entry right) =>
        new(Combine(left.Part, right.Part), NodeSums.Combine(left.Sums, right.Sums), left.Entered.AddRange(right.Entered));

    private unsafe GradientPart Combine(GradientPart left, GradientPart right)
    {
        if (left.IsAbsent || right.IsAbsent)
        {
            (left.IsAbsent ? left : right).Release();
            return left.IsAbsent ? right : left;
        }
        var buffer = buffers.Rent();
        var sum = arithmetic.Sum(left, right, buffer.Pointer, rounding, () => buffers.Return(buffer));
        left.Release();
        right.Release();
        return sum;
    }

    private void Drop(TreeNode node)
    {
        if (_entries.Remove(node, out var entry))
            entry.Part.Release();
    }

    private sealed record Entry(GradientPart Part, NodeSums Sums, ImmutableArray<EnteredNode> Entered);
}
