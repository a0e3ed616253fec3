using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// Beam search for the most probable targets of some sources, all at once: every step, each source's best hypotheses go on, and those that end are set
/// aside; a source is done when as many as the beam have ended, or at the greatest length. What ended is compared by log probability over length.
/// </summary>
/// <remarks>Ties go to the hypothesis found first. Not thread-safe; one search of a computer at a time.</remarks>
public sealed class SequenceSearch
{
    private readonly EncoderDecoderComputer _computer;
    private readonly float[] _next;
    private readonly List<Node> _nodes = [];

    /// <summary>Makes a search.</summary>
    /// <param name="network">The network.</param>
    /// <param name="computer">What computes with it; stays the caller's.</param>
    public SequenceSearch(EncoderDecoder network, EncoderDecoderComputer computer)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(computer);
        _computer = computer;
        _next = new float[network.Options.TargetVocabulary];
    }

    /// <summary>Searches.</summary>
    /// <param name="sources">The sources; targets are not read.</param>
    /// <param name="options">How.</param>
    /// <returns>For each source its hypotheses, the best first; at least one.</returns>
    /// <exception cref="ArgumentException">An option is out of range, or a token not in the vocabulary.</exception>
    public ImmutableArray<ImmutableArray<Hypothesis>> Search(SequenceBatch sources, SearchOptions options)
    {
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Beam);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaxLength);
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxLengthPerStep);
        if (sources.Rows == 0)
            return [];
        _nodes.Clear();
        _computer.BeginSearch(sources);
        var ended = Enumerable.Range(0, sources.Rows).Select(_ => new List<Hypothesis>()).ToArray();
        List<Live> rows = [.. Enumerable.Range(0, sources.Rows).Select(source => new Live(source, -1, -1, options.StartToken, 0))];
        for (var length = 1; rows.Count > 0; length++)
        {
            _computer.SearchStep(
                [.. rows.Select(row => row.Token)], [.. rows.Select(row => row.Source)], length == 1 ? [] : [.. rows.Select(row => row.Row)]);
            rows = Advance(rows, length, ended, sources, options);
        }
        return [.. ended.Select(hypotheses => hypotheses.OrderByDescending(hypothesis => hypothesis.Score).ToImmutableArray())];
    }

    /// <summary>From this step's rows to those of the next.</summary>
    private List<Live> Advance(List<Live> rows, int length, List<Hypothesis>[] ended, SequenceBatch sources, SearchOptions options)
    {
        var next = new List<Live>();
        for (int first = 0, end; first < rows.Count; first = end)
        {
            var source = rows[first].Source;
            for (end = first; end < rows.Count && rows[end].Source == source;)
                end++;
            var candidates = new List<Live>();
            for (var row = first; row < end; row++)
                AddCandidates(rows[row], row, options, candidates);
            var live = 0;
            var longest = options.MaxLength + options.MaxLengthPerStep * sources.LengthOf(source);
            foreach (var candidate in candidates.OrderByDescending(candidate => candidate.LogProbability))
            {
                if (candidate.Token == options.EndToken || length == longest)
                    ended[source].Add(HypothesisOf(candidate, length, options));
                else
                    next.Add(candidate);
                if (candidate.Token != options.EndToken && ++live == options.Beam)
                    break;
            }
            if (ended[source].Count >= options.Beam)
                next.RemoveAll(candidate => candidate.Source == source);
        }
        return next;
    }

    /// <summary>The most probable continuations of a row: one more than the beam, since one of them may be the end.</summary>
    private void AddCandidates(Live live, int row, SearchOptions options, List<Live> candidates)
    {
        _computer.CopyNext(row, _next);
        var attention = options.WantsAttention ? _computer.AttentionOf(row).ToArray() : [];
        var taken = Math.Min(options.Beam + 1, _next.Length);
        for (var i = 0; i < taken; i++)
        {
            var best = 0;
            for (var token = 1; token < _next.Length; token++)
                best = _next[token] > _next[best] ? token : best;
            if (_next[best] < 0)
                break;
            var probability = live.LogProbability + ScalarMath.Log(_next[best]);
            _next[best] = -1;
            _nodes.Add(new Node(live.Node, best, attention));
            candidates.Add(new Live(live.Source, row, _nodes.Count - 1, best, probability));
        }
    }

    private Hypothesis HypothesisOf(Live last, int length, SearchOptions options)
    {
        var tokens = new int[length];
        var attention = new float[length][];
        for (int i = length - 1, node = last.Node; i >= 0; node = _nodes[node].Parent, i--)
            (tokens[i], attention[i]) = (_nodes[node].Token, _nodes[node].Attention);
        var score = options.LengthPower == 0 ? last.LogProbability : last.LogProbability / ScalarMath.Pow(length, options.LengthPower);
        return new Hypothesis(
            [.. last.Token == options.EndToken ? tokens[..^1] : tokens], last.LogProbability, score, attention[0].Length == 0 ? [] : [.. attention]);
    }

    /// <summary>A token of a hypothesis, and the one before it.</summary>
    private readonly record struct Node(int Parent, int Token, float[] Attention);

    /// <summary>A hypothesis that goes on: what it reads next, and the row of the last step that it came of.</summary>
    private readonly record struct Live(int Source, int Row, int Node, int Token, double LogProbability);
}
