using System.Globalization;
using System.Runtime.InteropServices;
using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>Networks of any options against the reference, and against themselves at every width, thread count and grouping of shards.</summary>
public sealed class FastNetworkTests
{
    private const double LossTolerance = 1e-5;
    private const double GradientTolerance = 1e-4;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(100, 45), .. Enumerable.Range(RandomNetwork.FirstRefined, 24)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void ComputeGradient_AnyNetwork_AgreesWithTheReference(int seed)
    {
        using var network = new NetworkCase(seed);
        using var team = new ComputeTeam(1);
        using var computer = new NetworkComputer(network.Network, team);
        computer.SetParameters(network.Parameters);
        using var to = network.NewState();
        var results = new ShardResult[network.Shards.Length];

        using var gradient = network.ComputeInUsedMemory(computer, results, to);

        var references = Enumerable.Range(0, results.Length).Select(shard => network.Reference(shard, dropout: true)).ToArray();
        for (var shard = 0; shard < results.Length; shard++)
        {
            var (expected, actual) = (references[shard], results[shard]);
            Assert.Equal((expected.Targets, expected.Sequences, expected.Correct), ((int)actual.Targets, (int)actual.Sequences, (int)actual.Correct));
            GoldenCase.AssertClose($"loss of shard {shard}", [expected.Loss], [actual.Loss], LossTolerance, floor: 1);
            AssertStates(network, shard, expected, to);
        }
        var targets = Math.Max(1, references.Sum(result => result.Targets));
        var sums = network.Tensors.Keys.ToDictionary(name => name, name => Sum(references.Select(result => result.Gradients[name])), StringComparer.Ordinal);
        GoldenCase.AssertClose(sums, ReferenceForm.Of(network.Network.Parameters, gradient.Values), GradientTolerance, floor: 1e-3 * targets);
        AssertTouchedRows(network, gradient);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Predict_AnyNetwork_AgreesWithTheReference(int seed)
    {
        using var network = new NetworkCase(seed);
        using var team = new ComputeTeam(1);
        using var computer = new NetworkComputer(network.Network, team);
        computer.SetParameters(network.Parameters);
        using var to = network.NewState();
        var predictions = new Predictions();
        for (var shard = 0; shard < network.Shards.Length; shard++)
        {
            var expected = network.Reference(shard, dropout: false);

            computer.Predict(network.Shards[shard], network.From, to, predictions);

            Assert.Equal((expected.Targets, expected.Sequences, expected.Correct), ((int)predictions.Result.Targets, (int)predictions.Result.Sequences, (int)predictions.Result.Correct));
            Assert.Equal(expected.Outputs.Count, predictions.Count);
            AssertNear(expected.Outputs.SelectMany(output => output), ReferenceForm.Doubles(predictions.Values));
            AssertNear(expected.Losses, predictions.Losses.ToArray());
            AssertStates(network, shard, expected, to);
            if (network.Options.Head != HeadKind.ValuesPerSequence)
                Assert.Equal(expected.Classes, predictions.Classes.ToArray());
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void ComputeGradient_EveryWidthAndThreadCount_SameBits(int seed)
    {
        using var network = new NetworkCase(seed);
        using var expectedTo = network.NewState();
        var expectedResults = new ShardResult[network.Shards.Length];
        Gradient? expected = null;
        foreach (var (width, threads) in Everywhere.Places(seed))
        {
            using var team = new ComputeTeam(threads);
            using var computer = new NetworkComputer(network.Network, team, width);
            computer.SetParameters(network.Parameters);
            if (expected is null)
            {
                expected = network.Compute(computer, 0, network.Shards.Length, expectedResults, expectedTo);
                continue;
            }
            using var to = network.NewState();
            var results = new ShardResult[network.Shards.Length];
            using var gradient = network.ComputeInUsedMemory(computer, results, to);
            AssertSame(expected, gradient, $"{width}, {threads} threads");
            Assert.Equal(expectedResults, results);
            AssertSameStates(expectedTo, to);
        }
        expected!.Dispose();
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Progress_AnyNetwork_TellsForEachLayerWhatStaysAsItIs(int seed)
    {
        using var network = new NetworkCase(seed);
        foreach (var threads in (int[])[1, 2])
        {
            using var team = new ComputeTeam(threads);
            using var computer = new NetworkComputer(network.Network, team);
            computer.SetParameters(network.Parameters);
            using var to = network.NewState();
            var results = new ShardResult[network.Shards.Length];
            var heard = new HeardProgress();

            using var gradient = heard.Listen(
                computer, network.Network.Parameters, sum => computer.ComputeGradient(network.Key, 0, network.Shards, network.From, to, sum, results));

            heard.AssertFinal(results);
            Assert.Equal(gradient.IsAbsent ? 0 : network.Options.Hidden.Length + 1, heard.Firsts.Count());
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void AddRight_ShardsAloneOrInSubtrees_SameBitsAsStacked(int seed)
    {
        using var network = new NetworkCase(seed);
        using var team = new ComputeTeam(1);
        using var computer = new NetworkComputer(network.Network, team);
        computer.SetParameters(network.Parameters);
        using var expectedTo = network.NewState();
        var expectedResults = new ShardResult[network.Shards.Length];
        using var expected = network.Compute(computer, 0, network.Shards.Length, expectedResults, expectedTo);
        for (var leaf = 1; leaf < network.Shards.Length; leaf *= 2)
        {
            using var to = network.NewState();
            var results = new ShardResult[network.Shards.Length];
            using var gradient = Tree(0, network.Shards.Length);
            AssertSame(expected, gradient, $"Leaves of {leaf} shards");
            Assert.Equal(expectedResults, results);
            AssertSameStates(expectedTo, to);

            Gradient Tree(int start, int end)
            {
                if (end - start <= leaf)
                    return network.Compute(computer, start, end, results, to);
                var middle = start + (1 << System.Numerics.BitOperations.Log2((uint)(end - start - 1)));
                var left = Tree(start, middle);
                using var right = Tree(middle, end);
                left.AddRight(right);
                return left;
            }
        }
    }

    [Fact]
    public void Seeds_All_CoverEveryOption()
    {
        var options = Seeds.Where(row => row.Data < RandomNetwork.FirstRefined).Select(row => RandomNetwork.Options(new Random(row.Data))).ToArray();
        Assert.Equal(3, options.Select(o => o.Cell).Distinct().Count());
        Assert.Equal(9, options.Where(o => o.Head != HeadKind.Crf).Select(o => (o.Head, o.Pooling)).Distinct().Count());
        Assert.Contains(options, o => o.Head == HeadKind.Crf && o.Outputs > 64);
        Assert.Contains(options, o => o.Head == HeadKind.Crf && o.Characters > 0 && o.ContextWindow > 1);
        Assert.Contains(options, o => o.Characters % 2 == 1 && o.Dropout.Embedding > 0);
        Assert.Equal(3, options.Where(o => o.Cell == CellKind.Rnn).Select(o => o.Activation).Distinct().Count());
        Assert.Contains(options, o => o.Peepholes && o.Bidirectional && o.Hidden.Length > 1);
        Assert.Contains(options, o => o.Cell == CellKind.Gru && !o.ResetAfter && o.Hidden.Length > 1);
        Assert.Contains(options, o => o.ContextWindow == 5 && o.Vocabularies.Length == 2);
        Assert.Contains(options, o => o.Dropout.Words > 0);
        Assert.Contains(options, o => !o.ClassWeights.IsEmpty && o.Outputs > 64);
        Assert.Contains(Seeds, row => new NetworkCase(row.Data).From is not null);
        Assert.Contains(Seeds, row => new NetworkCase(row.Data).Shards.Any(shard => shard.Rows == 0));
    }

    [Fact]
    public void Seeds_Refined_CoverEveryRefinementOfEveryCell()
    {
        var options = Seeds.Where(row => row.Data >= RandomNetwork.FirstRefined).Select(row => new NetworkCase(row.Data).Options).ToArray();
        Assert.Equal(3, options.Where(o => o.TieWeights).Select(o => o.Cell).Distinct().Count());
        Assert.Equal(4, options.Where(o => o.PoolsByAttention).Select(o => (o.Head, o.Bidirectional)).Distinct().Count());
        Assert.Equal(4, options.Where(o => o.Dropout.Recurrent > 0).Select(o => (o.Cell, o.Cell == CellKind.Gru && !o.ResetAfter)).Distinct().Count());
        Assert.Contains(options, o => o.TieWeights && o.Outputs > 64);
        Assert.Contains(options, o => o.Dropout.Recurrent > 0 && o.Bidirectional && o.Hidden.Length > 1);
        Assert.Contains(Seeds, row => row.Data % 3 == 0 && row.Data >= RandomNetwork.FirstRefined && new NetworkCase(row.Data).From is not null);
    }

    private static void AssertStates(NetworkCase network, int shard, Reference.ReferenceResult expected, LaneState? to)
    {
        for (var row = 0; to is not null && row < expected.Sequences; row++)
        {
            var actual = ReferenceForm.States(to, network.Options, network.Shards[shard].RowIds[row]);
            for (var slot = 0; slot < actual.Length; slot++)
            {
                AssertNear(expected.Final[row][slot].Hidden, actual[slot].Hidden);
                AssertNear(expected.Final[row][slot].Memory, actual[slot].Memory);
            }
        }
    }

    private static void AssertTouchedRows(NetworkCase network, Gradient gradient)
    {
        for (var column = network.Options.TieWeights ? 1 : 0; column < network.Options.Vocabularies.Length; column++)
        {
            var read = network.Shards.SelectMany(shard => shard.Rows > 0 ? shard.Tokens(column).ToArray() : []).ToHashSet();
            if (column == 0 && network.Options.Dropout.Words > 0)
                Assert.Subset(read.Append(network.Options.UnknownToken).ToHashSet(), gradient.TouchedRows(column).ToHashSet());
            else
                Assert.Equal(read.Order(), gradient.TouchedRows(column));
        }
        if (network.Options.Characters > 0)
        {
            var characters = network.Shards.SelectMany(shard => shard.Rows > 0 ? shard.CharacterSequences.Tokens(0).ToArray() : []).Distinct().Order();
            Assert.Equal(characters, gradient.TouchedRows(network.Options.Vocabularies.Length));
        }
    }

    private static void AssertNear(IEnumerable<double> expected, double[] actual)
    {
        var values = expected.ToArray();
        Assert.Equal(values.Length, actual.Length);
        for (var i = 0; i < values.Length; i++)
        {
            if (!(Math.Abs(values[i] - actual[i]) <= LossTolerance * Math.Max(1, Math.Abs(values[i]))))
                Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"Value {i} is {actual[i]:R}, not {values[i]:R}."));
        }
    }

    private static void AssertSame(Gradient expected, Gradient actual, string where)
    {
        Assert.Equal(expected.IsAbsent, actual.IsAbsent);
        var same = MemoryMarshal.Cast<float, int>(expected.Values.Span).CommonPrefixLength(MemoryMarshal.Cast<float, int>(actual.Values.Span));
        if (same < expected.Values.Count)
        {
            var tensor = expected.Parameters.Tensors.Last(tensor => tensor.Offset <= same);
            Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"{where}: {tensor.Name}, float {same - tensor.Offset}, is {actual.Values.Span[same]:R}, elsewhere {expected.Values.Span[same]:R}."));
        }
        for (var tensor = 0; tensor < expected.Parameters.Tensors.Length; tensor++)
            Assert.Equal(expected.TouchedRows(tensor), actual.TouchedRows(tensor));
    }

    private static void AssertSameStates(LaneState? expected, LaneState? actual)
    {
        if (expected is not null)
            Assert.True(MemoryMarshal.AsBytes(expected.Values.Span).SequenceEqual(MemoryMarshal.AsBytes(actual!.Values.Span)), "The lanes' states differ.");
    }

    private static double[] Sum(IEnumerable<double[]> arrays)
    {
        var all = arrays.ToArray();
        return [.. Enumerable.Range(0, all[0].Length).Select(i => all.Sum(array => array[i]))];
    }
}
