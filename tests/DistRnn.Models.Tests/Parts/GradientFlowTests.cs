using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>What is measured of an error's way back, beyond the tiny example of the README.</summary>
public sealed class GradientFlowTests
{
    private static readonly NetworkOptions s_tagger = new() { Vocabularies = [9], Embeddings = [4], ValueSize = 1, Cell = CellKind.Rnn, Hidden = [6], Outputs = 5 };

    [Theory]
    [InlineData(CellKind.Rnn)]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.Gru)]
    public void Measure_AClassAtEveryStep_IsThatOfTheLastStepAlone(CellKind cell)
    {
        var options = s_tagger with { Cell = cell };
        var tagger = Case(options, [7, 3, 5]);
        var classifier = Case(options with { Head = HeadKind.ClassPerSequence }, [7, 3, 5]);
        tagger.Shard.Tokens(0).CopyTo(classifier.Shard.Tokens(0));
        tagger.Shard.Values.CopyTo(classifier.Shard.Values);
        for (var row = 0; row < 3; row++)
            classifier.Shard.Targets[row] = tagger.Shard.Targets[tagger.Shard.Offsets[row + 1] - 1] = row;

        var norms = GradientFlow.Measure(tagger.Network, tagger.Parameters, [tagger.Shard]);

        Assert.Equal(7, norms.Length);
        Assert.All(norms, norm => Assert.True(norm > 0));
        Assert.Equal(norms, GradientFlow.Measure(classifier.Network, classifier.Parameters, [classifier.Shard]));
    }

    [Fact]
    public void MeasureCarousel_RowsOfEqualLengths_IsTheSameAtEveryStep()
    {
        var (network, parameters, shard) = Case(s_tagger, [6, 6]);
        (shard.Targets[5], shard.Targets[11]) = (1, 4);

        var norms = GradientFlow.MeasureCarousel(network, parameters, [shard]);

        Assert.Equal(6, norms.Length);
        Assert.True(norms[0] > 0);
        Assert.All(norms, norm => Assert.Equal(norms[0], norm));
    }

    [Fact]
    public void Measure_NothingKnownAtTheLastStep_IsEmpty()
    {
        var (network, parameters, shard) = Case(s_tagger, [2, 4]);
        (shard.Targets[1], shard.Targets[5]) = (-1, -1);

        Assert.Empty(GradientFlow.Measure(network, parameters, [shard]));
        Assert.Empty(GradientFlow.MeasureCarousel(network, parameters, [shard]));
    }

    [Fact]
    public void Measure_NetworksWithoutOneWayBack_AreRefused()
    {
        NetworkOptions[] refused =
        [
            s_tagger with { Hidden = [6, 6] },
            s_tagger with { Bidirectional = true },
            s_tagger with { Head = HeadKind.ClassPerSequence, Pooling = Pooling.Mean },
        ];
        foreach (var options in refused)
        {
            var (network, parameters, shard) = Case(options, [2]);
            Assert.Throws<ArgumentException>(() => GradientFlow.Measure(network, parameters, [shard]));
        }
        var lstm = Case(s_tagger with { Cell = CellKind.Lstm }, [2]);
        Assert.Throws<ArgumentException>(() => GradientFlow.MeasureCarousel(lstm.Network, lstm.Parameters, [lstm.Shard]));
    }

    private static (Network Network, FloatBuffer Parameters, SequenceBatch Shard) Case(NetworkOptions options, int[] lengths)
    {
        var network = new Network(options);
        var parameters = new FloatBuffer(network.Parameters.Count);
        network.Initialize(5, parameters);
        return (network, parameters, RandomNetwork.Shard(options, lengths, new Random(12)));
    }
}
