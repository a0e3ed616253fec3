using System.Collections.Immutable;

namespace DistRnn.Models;

/// <summary>
/// The Huffman tree (1952) over words by their counts: a word is reached from the root through a decision at each inner node, frequent words through
/// few. Inner nodes are numbered in the order in which they are made, so the root is the last.
/// </summary>
/// <remarks>
/// Words are sorted by falling count, ties by rising id; of equal counts a word is joined before an inner node, and what was made first comes first.
/// Of the two children the one joined second has the bit 1. Immutable and thread-safe.
/// </remarks>
internal sealed class HuffmanTree
{
    private readonly int[] _starts;
    private readonly int[] _nodes;
    private readonly bool[] _bits;

    /// <summary>Builds the tree.</summary>
    /// <param name="counts">How often each word occurs; words with a count of 0 have no place. At least two occur.</param>
    public HuffmanTree(ImmutableArray<long> counts)
    {
        var words = Enumerable.Range(0, counts.Length).Where(word => counts[word] > 0).OrderByDescending(word => counts[word]).ThenBy(word => word).ToArray();
        ArgumentOutOfRangeException.ThrowIfLessThan(words.Length, 2, nameof(counts));
        InnerNodes = words.Length - 1;
        // Leaves are 0 to n - 1 in the order of words, inner nodes n to 2n - 2.
        var (weights, parents, isSecond) = (new long[2 * words.Length - 1], new int[2 * words.Length - 1], new bool[2 * words.Length - 1]);
        for (var leaf = 0; leaf < words.Length; leaf++)
            weights[leaf] = counts[words[leaf]];
        var (nextLeaf, nextInner) = (words.Length - 1, words.Length);
        for (var inner = words.Length; inner < weights.Length; inner++)
        {
            for (var child = 0; child < 2; child++)
            {
                var takesLeaf = nextLeaf >= 0 && (nextInner >= inner || weights[nextLeaf] <= weights[nextInner]);
                var node = takesLeaf ? nextLeaf-- : nextInner++;
                weights[inner] += weights[node];
                parents[node] = inner;
                isSecond[node] = child == 1;
            }
        }
        (_starts, _nodes, _bits) = PathsOf(words, parents, isSecond, counts.Length);
    }

    /// <summary>How many inner nodes there are: one fewer than words.</summary>
    public int InnerNodes { get; }

    /// <summary>The longest path.</summary>
    public int LongestPath { get; private set; }

    /// <summary>The inner nodes from the root to a word; empty for a word without a place.</summary>
    /// <param name="word">The word.</param>
    public ReadOnlySpan<int> NodesOf(int word) => _nodes.AsSpan(_starts[word], _starts[word + 1] - _starts[word]);

    /// <summary>The decision at each of <see cref="NodesOf"/>.</summary>
    /// <param name="word">The word.</param>
    public ReadOnlySpan<bool> BitsOf(int word) => _bits.AsSpan(_starts[word], _starts[word + 1] - _starts[word]);

    private (int[] Starts, int[] Nodes, bool[] Bits) PathsOf(int[] words, int[] parents, bool[] isSecond, int vocabulary)
    {
        var (root, leafOf) = (parents.Length - 1, new int[vocabulary]);
        Array.Fill(leafOf, -1);
        for (var leaf = 0; leaf < words.Length; leaf++)
            leafOf[words[leaf]] = leaf;
        var (starts, nodes, bits) = (new int[vocabulary + 1], new List<int>(), new List<bool>());
        for (var word = 0; word < vocabulary; word++)
        {
            for (var node = leafOf[word]; node >= 0 && node != root; node = parents[node])
            {
                nodes.Add(parents[node] - words.Length);
                bits.Add(isSecond[node]);
            }
            starts[word + 1] = nodes.Count;
            nodes.Reverse(starts[word], nodes.Count - starts[word]);
            bits.Reverse(starts[word], bits.Count - starts[word]);
            LongestPath = Math.Max(LongestPath, nodes.Count - starts[word]);
        }
        return (starts, [.. nodes], [.. bits]);
    }
}
