using System.Collections.Immutable;
using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>Word vectors' loss, a pair; and, of the vectors as they are, how well they answer.</summary>
/// <param name="range">Which shards are added.</param>
internal sealed class WordVectorFigures(ShardRange range) : EvaluationFigures(FigureKind.WordVectors, range, 0, 0)
{
    /// <summary>What the sections' metrics begin with.</summary>
    public const string Sections = "analogy-sections.";

    private const int QuestionWords = 3;

    /// <summary>The loss alone.</summary>
    /// <param name="loss">Nats a pair.</param>
    public static MetricSet Of(double loss) => new([Metric("loss", loss)]);

    /// <summary>
    /// What the data's questions say of vectors: the share of analogies that the nearest word to b - a + c answers, a question's own words passed over, in
    /// all and by section, with how many were asked and how many left out; and Spearman's rank correlation of cosines with people's scores.
    /// </summary>
    /// <param name="data">The data.</param>
    /// <param name="model">The model.</param>
    /// <param name="parameters">Its parameters.</param>
    public static MetricSet Judge(WordVectorData data, WordVectorModel model, FloatBuffer parameters)
    {
        if (data.Analogies is null && data.Similarities is null)
            return MetricSet.Empty;
        using var space = SpaceOf(data, model, parameters);
        return new([.. data.Analogies is { } analogies ? Answer(analogies, space) : [], .. data.Similarities is { } pairs ? Compare(pairs, space) : []]);
    }

    /// <summary>The vectors of the words that have one.</summary>
    /// <param name="data">The data.</param>
    /// <param name="model">The model.</param>
    /// <param name="parameters">Its parameters.</param>
    public static WordVectorSpace SpaceOf(WordVectorData data, WordVectorModel model, FloatBuffer parameters) => new(
        parameters.Slice(model.In.Offset, checked((int)model.In.Count)), model.In.RowSize, [.. Enumerable.Range(0, model.In.Rows).Where(word => data.WordCounts[word] > 0)]);

    private protected override void AddShard(SequenceBatch batch, Predictions predictions)
    {
    }

    private static IEnumerable<KeyValuePair<string, double>> Answer(AnalogyQuestions analogies, WordVectorSpace space)
    {
        var questions = analogies.Questions;
        var (queries, own, answers) = (new float[questions.Length * space.Dimensions], new int[questions.Length * QuestionWords], new int[questions.Length]);
        for (var i = 0; i < questions.Length; i++)
        {
            var question = questions[i];
            var query = queries.AsSpan(i * space.Dimensions, space.Dimensions);
            Add(space.VectorOf(question.B), 1, query);
            Add(space.VectorOf(question.A), -1, query);
            Add(space.VectorOf(question.C), 1, query);
            (own[i * QuestionWords], own[i * QuestionWords + 1], own[i * QuestionWords + 2]) = (question.A, question.B, question.C);
        }
        space.NearestOfEach(queries, own, answers);
        var (right, asked) = (new int[analogies.Sections.Length], new int[analogies.Sections.Length]);
        for (var i = 0; i < questions.Length; i++)
        {
            asked[questions[i].Section]++;
            right[questions[i].Section] += answers[i] == questions[i].D ? 1 : 0;
        }
        yield return Metric("analogy-accuracy", Ratio(right.Sum(), questions.Length));
        for (var section = 0; section < right.Length; section++)
            yield return Metric(Sections + analogies.Sections[section], Ratio(right[section], asked[section]));
        yield return Metric("analogy-questions", questions.Length);
        yield return Metric("analogy-skipped", analogies.Skipped);
    }

    private static void Add(ReadOnlySpan<float> vector, float sign, Span<float> sum)
    {
        for (var i = 0; i < sum.Length; i++)
            sum[i] += sign * vector[i];
    }

    private static IEnumerable<KeyValuePair<string, double>> Compare(WordPairs pairs, WordVectorSpace space)
    {
        yield return Metric("similarity-spearman", Spearman([.. pairs.Pairs.Select(pair => space.Similarity(pair.First, pair.Second))], [.. pairs.Pairs.Select(pair => pair.Score)]));
        yield return Metric("similarity-pairs", pairs.Pairs.Length);
        yield return Metric("similarity-skipped", pairs.Skipped);
    }

    /// <summary>The correlation of ranks, equal values sharing the mean of their ranks; NaN where one side does not vary.</summary>
    internal static double Spearman(double[] left, double[] right)
    {
        var (a, b) = (RanksOf(left), RanksOf(right));
        var mean = (left.Length + 1) / 2.0;
        double product = 0, leftSquare = 0, rightSquare = 0;
        for (var i = 0; i < a.Length; i++)
        {
            product += (a[i] - mean) * (b[i] - mean);
            leftSquare += (a[i] - mean) * (a[i] - mean);
            rightSquare += (b[i] - mean) * (b[i] - mean);
        }
        return leftSquare == 0 || rightSquare == 0 ? double.NaN : product / Math.Sqrt(leftSquare * rightSquare);
    }

    private static double[] RanksOf(double[] values)
    {
        var order = Enumerable.Range(0, values.Length).OrderBy(i => values[i]).ThenBy(i => i).ToArray();
        var ranks = new double[values.Length];
        for (int start = 0, end; start < order.Length; start = end)
        {
            end = start + 1;
            while (end < order.Length && values[order[end]].Equals(values[order[start]]))
                end++;
            for (var i = start; i < end; i++)
                ranks[order[i]] = (start + 1 + end) / 2.0;
        }
        return ranks;
    }
}
