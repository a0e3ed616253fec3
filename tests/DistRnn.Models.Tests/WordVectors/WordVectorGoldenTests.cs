using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>Skip-gram and CBOW against PyTorch in float64, on the negatives that PyTorch drew: the reference to 1e-10, the computer to float32.</summary>
public sealed class WordVectorGoldenTests
{
    private const double ReferenceTolerance = 1e-10;
    private const double LossTolerance = 1e-5;
    private const double GradientTolerance = 1e-4;

    public static TheoryData<string> Cases => ["word_vectors_skip_gram", "word_vectors_cbow"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void ComputeReference_GoldenCase_AgreesWithPyTorch(string name)
    {
        var golden = GoldenCase.Read("WordVectors/" + name);

        var (loss, gradients) = new Reference.ReferenceWordVectors(golden.Integer("D"), golden.Parameters).Compute(
            Rows(golden).Select(row => new Reference.ReferenceContext(
                row.Context, [new Reference.ReferenceDecision(row.Centre, true, 1), .. row.Negatives.Select(word => new Reference.ReferenceDecision(word, false, 1))])));

        GoldenCase.AssertClose("loss", [golden.Loss], [loss], ReferenceTolerance);
        GoldenCase.AssertClose(golden.Gradients, gradients, ReferenceTolerance);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ComputeGradient_GoldenCase_AgreesWithPyTorchAtEveryWidth(string name)
    {
        var golden = GoldenCase.Read("WordVectors/" + name);
        var rows = Rows(golden);
        var model = new WordVectorModel(new WordVectorOptions
        {
            Counts = [.. Enumerable.Repeat(1L, golden.Integer("V"))],
            Dimensions = golden.Integer("D"),
            Algorithm = golden.Text("model") == "cbow" ? WordVectorAlgorithm.Cbow : WordVectorAlgorithm.SkipGram,
            Negatives = golden.Integer("K"),
        });
        using var parameters = new FloatBuffer(model.Parameters.Count);
        ReferenceForm.Import(model.Parameters, golden.Parameters, parameters);
        var shard = new SequenceBatch();
        shard.Reset([.. rows.Select(row => row.Context.Length)], 1, 0, TargetKind.ClassPerSequence);
        for (var row = 0; row < rows.Length; row++)
        {
            rows[row].Context.CopyTo(shard.Tokens(0)[shard.Offsets[row]..]);
            (shard.Targets[row], shard.RowIds[row]) = (rows[row].Centre, row);
        }
        foreach (var width in SimdWidths.Available)
        {
            using var team = new ComputeTeam(1);
            using var computer = new WordVectorComputer(model, team, width, new GivenNegatives(rows), 1);
            using var gradient = new Gradient(model.Parameters);
            var results = new ShardResult[1];
            computer.SetParameters(parameters);

            computer.ComputeGradient(new StepKey(1, 0), 0, [shard], null, null, gradient, results);

            GoldenCase.AssertClose("loss", [golden.Loss], [results[0].Loss], LossTolerance);
            GoldenCase.AssertClose(golden.Gradients, ReferenceForm.Of(model.Parameters, gradient.Values), GradientTolerance);
        }
    }

    /// <summary>A skip-gram pair of PyTorch's case reads its centre word's vector, and predicts the word of the context.</summary>
    private static Row[] Rows(GoldenCase golden)
    {
        var (centres, contexts, negatives) = (Integers(golden.Inputs["centers"]), Integers(golden.Inputs["contexts"]), Integers(golden.Inputs["negatives"]));
        var (size, k) = (contexts.Length / centres.Length, golden.Integer("K"));
        return golden.Text("model") == "cbow"
            ? [.. centres.Select((centre, i) => new Row(contexts[(i * size)..((i + 1) * size)], centre, negatives[(i * k)..((i + 1) * k)]))]
            : [.. contexts.Select((context, i) => new Row([centres[i / size]], context, negatives[(i * k)..((i + 1) * k)]))];
    }

    private static ImmutableArray<int> Integers(double[] values) => [.. values.Select(value => (int)value)];

    private sealed record Row(ImmutableArray<int> Context, int Centre, ImmutableArray<int> Negatives);

    private sealed class GivenNegatives(Row[] rows) : IWordVectorNegatives
    {
        public int Shared => rows[0].Negatives.Length;

        public float Weight => 1;

        public bool CountsCentre => true;

        public void Fill(StepKey? key, int shard, int group, long rowId, Span<int> words) => rows[rowId].Negatives.CopyTo(words);
    }
}
