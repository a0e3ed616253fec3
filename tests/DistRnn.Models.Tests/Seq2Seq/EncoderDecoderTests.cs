using System.Runtime.InteropServices;
using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>Encoder-decoders of any options against the reference, and against themselves at every width, thread count and grouping of shards.</summary>
public sealed class EncoderDecoderTests
{
    private const double LossTolerance = 1e-5;
    private const double GradientTolerance = 1e-4;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(100, 26)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void ComputeGradient_AnyEncoderDecoder_AgreesWithTheReference(int seed)
    {
        using var pairs = new PairCase(seed);
        using var team = new ComputeTeam(1);
        using var computer = pairs.Network.CreateComputer(team);
        computer.SetParameters(pairs.Parameters);
        var results = new ShardResult[pairs.Shards.Length];

        using var gradient = pairs.ComputeInUsedMemory(computer, results);

        var references = Enumerable.Range(0, results.Length).Select(shard => pairs.Reference(shard, dropout: true)).ToArray();
        for (var shard = 0; shard < results.Length; shard++)
        {
            var (expected, actual) = (references[shard], results[shard]);
            Assert.Equal((expected.Targets, expected.Sequences, expected.Correct), ((int)actual.Targets, (int)actual.Sequences, (int)actual.Correct));
            GoldenCase.AssertClose($"loss of shard {shard}", [expected.Loss], [actual.Loss], LossTolerance, floor: 1);
        }
        var targets = Math.Max(1, references.Sum(result => result.Targets));
        var sums = pairs.Tensors.Keys.ToDictionary(name => name, name => Sum(references.Select(result => result.Gradients[name])), StringComparer.Ordinal);
        GoldenCase.AssertClose(sums, ReferenceForm.Of(pairs.Network.Parameters, gradient.Values), GradientTolerance, floor: 1e-3 * targets);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Predict_AnyEncoderDecoder_AgreesWithTheReference(int seed)
    {
        using var pairs = new PairCase(seed);
        using var team = new ComputeTeam(1);
        using var computer = pairs.Network.CreateComputer(team);
        computer.SetParameters(pairs.Parameters);
        var predictions = new Predictions();
        for (var shard = 0; shard < pairs.Shards.Length; shard++)
        {
            var expected = pairs.Reference(shard, dropout: false);

            computer.Predict(pairs.Shards[shard], null, null, predictions);

            Assert.Equal((expected.Targets, expected.Sequences, expected.Correct), ((int)predictions.Result.Targets, (int)predictions.Result.Sequences, (int)predictions.Result.Correct));
            GoldenCase.AssertClose("probabilities", [.. expected.Outputs.SelectMany(output => output)], ReferenceForm.Doubles(predictions.Values), LossTolerance, floor: 1);
            GoldenCase.AssertClose("losses", expected.Losses, predictions.Losses.ToArray(), LossTolerance, floor: 1);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Progress_AnyEncoderDecoder_TellsOfTheDecoderAndEachLayerWhatStaysAsItIs(int seed)
    {
        using var pairs = new PairCase(seed);
        foreach (var threads in (int[])[1, 2])
        {
            using var team = new ComputeTeam(threads);
            using var computer = pairs.Network.CreateComputer(team);
            computer.SetParameters(pairs.Parameters);
            var results = new ShardResult[pairs.Shards.Length];
            var heard = new HeardProgress();

            using var gradient = heard.Listen(computer, pairs.Network.Parameters, sum => computer.ComputeGradient(pairs.Key, 0, pairs.Shards, null, null, sum, results));

            heard.AssertFinal(results);
            Assert.Equal(gradient.IsAbsent ? 0 : pairs.Network.Options.Hidden.Length + 1, heard.Firsts.Count());
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void ComputeGradient_EveryWidthAndThreadCount_SameBits(int seed)
    {
        using var pairs = new PairCase(seed);
        var expectedResults = new ShardResult[pairs.Shards.Length];
        Gradient? expected = null;
        foreach (var (width, threads) in Everywhere.Places(seed))
        {
            using var team = new ComputeTeam(threads);
            using var computer = pairs.Network.CreateComputer(team, width);
            computer.SetParameters(pairs.Parameters);
            if (expected is null)
            {
                expected = pairs.Compute(computer, 0, pairs.Shards.Length, expectedResults);
                continue;
            }
            var results = new ShardResult[pairs.Shards.Length];
            using var gradient = pairs.ComputeInUsedMemory(computer, results);
            AssertSame(expected, gradient, $"{width}, {threads} threads");
            Assert.Equal(expectedResults, results);
        }
        expected!.Dispose();
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void AddRight_ShardsAloneOrInSubtrees_SameBitsAsStacked(int seed)
    {
        using var pairs = new PairCase(seed);
        using var team = new ComputeTeam(1);
        using var computer = pairs.Network.CreateComputer(team);
        computer.SetParameters(pairs.Parameters);
        var expectedResults = new ShardResult[pairs.Shards.Length];
        using var expected = pairs.Compute(computer, 0, pairs.Shards.Length, expectedResults);
        for (var leaf = 1; leaf < pairs.Shards.Length; leaf *= 2)
        {
            var results = new ShardResult[pairs.Shards.Length];
            using var gradient = Tree(0, pairs.Shards.Length);
            AssertSame(expected, gradient, $"Leaves of {leaf} shards");
            Assert.Equal(expectedResults, results);

            Gradient Tree(int start, int end)
            {
                if (end - start <= leaf)
                    return pairs.Compute(computer, start, end, results);
                var middle = start + (1 << System.Numerics.BitOperations.Log2((uint)(end - start - 1)));
                var left = Tree(start, middle);
                using var right = Tree(middle, end);
                left.AddRight(right);
                return left;
            }
        }
    }

    [Theory]
    [InlineData(AttentionKind.None)]
    [InlineData(AttentionKind.Dot)]
    [InlineData(AttentionKind.ScaledDot)]
    [InlineData(AttentionKind.General)]
    [InlineData(AttentionKind.Additive)]
    public void Compute_ReferenceOfEveryScore_IsTheSlope(AttentionKind attention)
    {
        foreach (var (combine, both) in new[] { (CombineKind.Tanh, true), (CombineKind.Concat, false) })
        {
            using var pairs = new PairCase(5, new EncoderDecoderOptions
            {
                SourceVocabulary = 6,
                TargetVocabulary = 5,
                Embedding = 3,
                Hidden = [4, 3],
                Bidirectional = both,
                Attention = attention,
                Combine = combine,
                Peek = true,
                Dropout = new DropoutOptions(0.2f, 0.3f, 0.25f),
            });
            GradientCheck.Agrees(pairs.Tensors, pairs.Reference(0, true).Gradients, () => pairs.Reference(0, true).Loss, new Random(6));
        }
    }

    [Fact]
    public void Seeds_All_CoverEveryOption()
    {
        var options = Seeds.Select(row => PairCase.OptionsOf(new Random(row.Data))).ToArray();
        Assert.Equal((3, 5), (options.Select(o => o.Cell).Distinct().Count(), options.Select(o => o.Attention).Distinct().Count()));
        Assert.Contains(options, o => o.Peek && o.Feeds && o.Hidden.Length > 1);
        Assert.Contains(options, o => o.Bidirectional && !o.DecoderHidden.IsEmpty && o.Cell == CellKind.Lstm);
        Assert.Contains(options, o => o.Attention == AttentionKind.Additive && o.DecoderUnits[^1] > 64);
        Assert.Contains(options, o => o.Bridge == BridgeKind.Hidden && o.Cell == CellKind.Lstm);
        Assert.Contains(options, o => o.Feeds && o.Combine == CombineKind.Concat && o.Dropout.Output > 0);
        Assert.Contains(options, o => o.TargetVocabulary > 64);
    }

    [Fact]
    public void Constructor_DotOfUnequalSizes_SaysWhatIsAllowed()
    {
        var error = Assert.Throws<ArgumentException>(() => new EncoderDecoder(new EncoderDecoderOptions
        {
            SourceVocabulary = 3,
            TargetVocabulary = 3,
            Embedding = 2,
            Hidden = [4],
            Bidirectional = true,
            DecoderHidden = [4],
            Attention = AttentionKind.Dot,
        }));
        Assert.Contains("general and additive do not", error.Message, StringComparison.Ordinal);
    }

    private static void AssertSame(Gradient expected, Gradient actual, string where)
    {
        Assert.Equal(expected.IsAbsent, actual.IsAbsent);
        var same = MemoryMarshal.Cast<float, int>(expected.Values.Span).CommonPrefixLength(MemoryMarshal.Cast<float, int>(actual.Values.Span));
        if (same < expected.Values.Count)
        {
            var tensor = expected.Parameters.Tensors.Last(tensor => tensor.Offset <= same);
            Assert.Fail(FormattableString.Invariant($"{where}: {tensor.Name}, float {same - tensor.Offset}, is {actual.Values.Span[same]:R}, elsewhere {expected.Values.Span[same]:R}."));
        }
        for (var tensor = 0; tensor < expected.Parameters.Tensors.Length; tensor++)
            Assert.Equal(expected.TouchedRows(tensor), actual.TouchedRows(tensor));
    }

    private static double[] Sum(IEnumerable<double[]> arrays)
    {
        var all = arrays.ToArray();
        return [.. Enumerable.Range(0, all[0].Length).Select(i => all.Sum(array => array[i]))];
    }
}
