using System.Collections.Immutable;

namespace DistRnn.Data;

/// <summary>How many spans the gold labels have, how many the predicted ones, and how many are in both with the same type, beginning and end.</summary>
/// <param name="Gold">Spans of the gold labels.</param>
/// <param name="Predicted">Spans of the predicted labels.</param>
/// <param name="Correct">Spans of both.</param>
public readonly record struct SpanCounts(long Gold, long Predicted, long Correct)
{
    /// <summary>Correct / Predicted, 0 where nothing is predicted.</summary>
    public double Precision => Predicted == 0 ? 0 : (double)Correct / Predicted;

    /// <summary>Correct / Gold, 0 where there is nothing to find.</summary>
    public double Recall => Gold == 0 ? 0 : (double)Correct / Gold;

    /// <summary>The harmonic mean of precision and recall, 0 where nothing is correct.</summary>
    public double F1 => Correct == 0 ? 0 : 2.0 * Correct / (Gold + Predicted);

    /// <summary>The counts of two sets of sequences together.</summary>
    /// <param name="left">One set.</param>
    /// <param name="right">The other.</param>
    public static SpanCounts operator +(SpanCounts left, SpanCounts right) => Add(left, right);

    /// <inheritdoc cref="op_Addition"/>
    public static SpanCounts Add(SpanCounts left, SpanCounts right) =>
        new(left.Gold + right.Gold, left.Predicted + right.Predicted, left.Correct + right.Correct);
}

/// <summary>
/// Counts spans as the script conlleval of the CoNLL-2000 shared task does, in its default mode: a label is a tag, a hyphen and a type; a span begins at
/// B, at I behind another type or outside, and (IOBES) at E and [ likewise. So an I without its B is a span too.
/// </summary>
/// <remarks>Immutable, a pure function of the labels. S, U and L have no meaning to conlleval beyond a change of type.</remarks>
public sealed class ConllSpans
{
    private readonly (char Tag, int Type)[] _labels;

    /// <summary>Prepares the labels.</summary>
    /// <param name="labels">The labels' names; sequences are of indices into them.</param>
    public ConllSpans(ImmutableArray<string> labels)
    {
        var types = new Dictionary<string, int>(StringComparer.Ordinal) { [""] = 0 };
        _labels = new (char, int)[labels.Length];
        for (var i = 0; i < labels.Length; i++)
        {
            var hyphen = labels[i].IndexOf('-', StringComparison.Ordinal);
            var (tag, type) = hyphen < 0 ? (labels[i], "") : (labels[i][..hyphen], labels[i][(hyphen + 1)..]);
            if (!types.TryGetValue(type, out var number))
                types.Add(type, number = types.Count);
            _labels[i] = (tag.Length == 1 ? tag[0] : '?', number);
        }
    }

    /// <summary>Whether labels are BIO tags: each is O, or B or I with a hyphen and a type, and there is at least one of the latter.</summary>
    /// <param name="labels">The labels' names.</param>
    public static bool AreSpanLabels(ImmutableArray<string> labels) =>
        labels.Any(IsSpanLabel) && labels.All(label => label == "O" || IsSpanLabel(label));

    /// <summary>Counts the spans of one sequence.</summary>
    /// <param name="gold">The true labels, one a step.</param>
    /// <param name="predicted">The predicted ones, as many.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public SpanCounts Count(ReadOnlySpan<int> gold, ReadOnlySpan<int> predicted)
    {
        if (gold.Length != predicted.Length)
            throw new ArgumentException("There are not as many predicted labels as gold ones.", nameof(predicted));
        var (goldSpans, predictedSpans, correct) = (0L, 0L, 0L);
        (char Tag, int Type) outside = ('O', 0);
        var (lastGold, lastPredicted, inCorrect) = (outside, outside, false);
        // One step more, outside, ends what is open: conlleval reads a boundary between sentences as O.
        for (var step = 0; step <= gold.Length; step++)
        {
            var (thisGold, thisPredicted) = step < gold.Length ? (_labels[gold[step]], _labels[predicted[step]]) : (outside, outside);
            if (inCorrect)
            {
                var (goldEnds, predictedEnds) = (Ends(lastGold, thisGold), Ends(lastPredicted, thisPredicted));
                if (goldEnds && predictedEnds && lastGold.Type == lastPredicted.Type)
                {
                    correct++;
                    inCorrect = false;
                }
                else if (goldEnds != predictedEnds || thisGold.Type != thisPredicted.Type)
                {
                    inCorrect = false;
                }
            }
            var (goldBegins, predictedBegins) = (Begins(lastGold, thisGold), Begins(lastPredicted, thisPredicted));
            inCorrect |= goldBegins && predictedBegins && thisGold.Type == thisPredicted.Type;
            goldSpans += goldBegins ? 1 : 0;
            predictedSpans += predictedBegins ? 1 : 0;
            (lastGold, lastPredicted) = (thisGold, thisPredicted);
        }
        return new SpanCounts(goldSpans, predictedSpans, correct);
    }

    private static bool IsSpanLabel(string label) => label.Length > 2 && (label[0] is 'B' or 'I') && label[1] == '-';

    private static bool Begins((char Tag, int Type) before, (char Tag, int Type) now) =>
        (before.Tag, now.Tag) is ('B', 'B') or ('I', 'B') or ('O', 'B') or ('O', 'I') or ('E', 'E') or ('E', 'I') or ('O', 'E')
        || now.Tag == '[' || now.Tag == ']'
        || (now.Tag is not ('O' or '.') && before.Type != now.Type);

    private static bool Ends((char Tag, int Type) before, (char Tag, int Type) now) =>
        (before.Tag, now.Tag) is ('B', 'B') or ('B', 'O') or ('I', 'B') or ('I', 'O') or ('E', 'E') or ('E', 'I') or ('E', 'O')
        || before.Tag == ']' || before.Tag == '['
        || (before.Tag is not ('O' or '.') && before.Type != now.Type);
}
