using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

public sealed class NetworkTests
{
    private static readonly NetworkOptions LanguageModel = new()
    {
        Vocabularies = [7],
        Embeddings = [5],
        Hidden = [6, 6],
        Outputs = 7,
        HeadName = "decoder",
    };

    [Fact]
    public void Parameters_OfLanguageModel_AreThoseOfTorch() => AssertTable(
        LanguageModel,
        "embedding.weight 7x5",
        "rnn.weight_ih_l0 24x5", "rnn.weight_hh_l0 24x6", "rnn.bias_ih_l0 24", "rnn.bias_hh_l0 24",
        "rnn.weight_ih_l1 24x6", "rnn.weight_hh_l1 24x6", "rnn.bias_ih_l1 24", "rnn.bias_hh_l1 24",
        "decoder.weight 7x6", "decoder.bias 7");

    [Fact]
    public void Parameters_OfTiedLanguageModel_ListTheSharedWeightOnceAndDense()
    {
        var network = new Network(LanguageModel with { Embeddings = [6], TieWeights = true });
        AssertTable(
            network.Options,
            "embedding.weight 7x6",
            "rnn.weight_ih_l0 24x6", "rnn.weight_hh_l0 24x6", "rnn.bias_ih_l0 24", "rnn.bias_hh_l0 24",
            "rnn.weight_ih_l1 24x6", "rnn.weight_hh_l1 24x6", "rnn.bias_ih_l1 24", "rnn.bias_hh_l1 24",
            "decoder.bias 7");
        Assert.DoesNotContain(network.Parameters.Tensors, tensor => tensor.SparseRows);
        Assert.False(network.TryCollectRows(0, 0, [], default, new HashSet<int>()));
    }

    [Fact]
    public void Parameters_OfBidirectionalPeepholeTagger_AreThoseOfTorchWithPeepholesBehindTheBiases() => AssertTable(
        new NetworkOptions
        {
            Vocabularies = [9, 4, 3],
            Embeddings = [5, 2, 1],
            ValueSize = 3,
            ContextWindow = 3,
            Peepholes = true,
            Hidden = [4, 2],
            Bidirectional = true,
            Outputs = 6,
        },
        "embedding.weight 9x5", "feature_embedding.0.weight 4x2", "feature_embedding.1.weight 3x1",
        "rnn.weight_ih_l0 16x33", "rnn.weight_hh_l0 16x4", "rnn.bias_ih_l0 16", "rnn.bias_hh_l0 16", "rnn.weight_ci_l0 4", "rnn.weight_cf_l0 4", "rnn.weight_co_l0 4",
        "rnn.weight_ih_l0_reverse 16x33", "rnn.weight_hh_l0_reverse 16x4", "rnn.bias_ih_l0_reverse 16", "rnn.bias_hh_l0_reverse 16",
        "rnn.weight_ci_l0_reverse 4", "rnn.weight_cf_l0_reverse 4", "rnn.weight_co_l0_reverse 4",
        "rnn.weight_ih_l1 8x8", "rnn.weight_hh_l1 8x2", "rnn.bias_ih_l1 8", "rnn.bias_hh_l1 8", "rnn.weight_ci_l1 2", "rnn.weight_cf_l1 2", "rnn.weight_co_l1 2",
        "rnn.weight_ih_l1_reverse 8x8", "rnn.weight_hh_l1_reverse 8x2", "rnn.bias_ih_l1_reverse 8", "rnn.bias_hh_l1_reverse 8",
        "rnn.weight_ci_l1_reverse 2", "rnn.weight_cf_l1_reverse 2", "rnn.weight_co_l1_reverse 2",
        "output.weight 6x4", "output.bias 6");

    [Fact]
    public void Parameters_OfTaggerWithCharactersAndTransitions_AreNamedAsInTorchAndPytorchCrf() => AssertTable(
        new NetworkOptions { Vocabularies = [9], Embeddings = [5], CharacterVocabulary = 8, Characters = 5, ValueSize = 2, Cell = CellKind.Rnn, Hidden = [4], Head = HeadKind.Crf, Outputs = 6 },
        "embedding.weight 9x5", "characters.embedding.weight 8x3",
        "characters.rnn.weight_ih_l0 12x3", "characters.rnn.weight_hh_l0 12x3", "characters.rnn.bias_ih_l0 12", "characters.rnn.bias_hh_l0 12",
        "characters.rnn.weight_ih_l0_reverse 12x3", "characters.rnn.weight_hh_l0_reverse 12x3", "characters.rnn.bias_ih_l0_reverse 12", "characters.rnn.bias_hh_l0_reverse 12",
        "rnn.weight_ih_l0 4x12", "rnn.weight_hh_l0 4x4", "rnn.bias_ih_l0 4", "rnn.bias_hh_l0 4",
        "output.weight 6x4", "output.bias 6", "crf.start_transitions 6", "crf.end_transitions 6", "crf.transitions 6x6");

    [Fact]
    public void TryCollectRows_OfTheCharacters_AreThoseOfTheShards()
    {
        var network = new Network(new NetworkOptions { Vocabularies = [9], Embeddings = [5], CharacterVocabulary = 8, Characters = 5, Hidden = [4], Outputs = 6 });
        var shard = new SequenceBatch();
        shard.Reset([2], 1, 0, TargetKind.None);
        shard.CharacterSequences.Reset([1, 3], 1, 0, TargetKind.None);
        ((int[])[7, 2, 7, 1]).CopyTo(shard.CharacterSequences.Tokens(0));
        var rows = new SortedSet<int>();
        Assert.True(network.TryCollectRows(1, 0, [shard], new StepKey(1, 1), rows));
        Assert.Equal([1, 2, 7], rows);
        Assert.False(network.TryCollectRows(2, 0, [shard], new StepKey(1, 1), rows));
    }

    [Fact]
    public void Parameters_OfAttentionPooling_StandBeforeTheHead() => AssertTable(
        new NetworkOptions { ValueSize = 2, Cell = CellKind.Rnn, Hidden = [3], Bidirectional = true, Head = HeadKind.ClassPerSequence, Pooling = Pooling.Attention, Outputs = 4 },
        "rnn.weight_ih_l0 3x2", "rnn.weight_hh_l0 3x3", "rnn.bias_ih_l0 3", "rnn.bias_hh_l0 3",
        "rnn.weight_ih_l0_reverse 3x2", "rnn.weight_hh_l0_reverse 3x3", "rnn.bias_ih_l0_reverse 3", "rnn.bias_hh_l0_reverse 3",
        "pooling.weight 6x6", "pooling.bias 6", "pooling.context 6", "output.weight 4x6", "output.bias 4");

    [Theory]
    [InlineData(CellKind.Gru, true, 3)]
    [InlineData(CellKind.Gru, false, 3)]
    [InlineData(CellKind.Rnn, true, 1)]
    public void Parameters_OfNumericSequences_HaveNoEmbedding(CellKind cell, bool resetAfter, int gates) => AssertTable(
        new NetworkOptions { ValueSize = 12, Cell = cell, ResetAfter = resetAfter, Hidden = [8], Head = HeadKind.ValuesPerSequence, Outputs = 24 },
        $"rnn.weight_ih_l0 {gates * 8}x12", $"rnn.weight_hh_l0 {gates * 8}x8", $"rnn.bias_ih_l0 {gates * 8}", $"rnn.bias_hh_l0 {gates * 8}",
        "output.weight 24x8", "output.bias 24");

    [Fact]
    public void Accessors_OfStackedBidirectionalNetwork_NameTheRightTensors()
    {
        var network = new Network(LanguageModel with { Vocabularies = [7, 3], Embeddings = [5, 2], Bidirectional = true, Peepholes = true });
        Assert.Equal("feature_embedding.0.weight", network.Parameters.Tensors[network.EmbeddingTensor(1)].Name);
        Assert.Equal("rnn.weight_hh_l1_reverse", network.Stack(1, 1).WeightHh.Name);
        Assert.Equal("rnn.bias_ih_l1", network.Stack(1, 0).BiasIh.Name);
        Assert.Equal("rnn.weight_cf_l0_reverse", network.Stack(0, 1).PeepholeF?.Name);
        Assert.Equal("decoder.bias", network.HeadBias.Name);
        Assert.Equal((7, 12, 12), (network.InputSizeOf(0), network.InputSizeOf(1), network.TopSize));
        Assert.Equal(new PanelShape(4, 6), network.PanelsOf(1));
        Assert.All(network.Parameters.Tensors, tensor => Assert.Equal(tensor.Name.Contains("embedding", StringComparison.Ordinal), tensor.SparseRows));
        Assert.Throws<ArgumentOutOfRangeException>(() => network.EmbeddingTensor(2));
    }

    public static TheoryData<string, NetworkOptions> Invalid => new()
    {
        { "Embeddings", LanguageModel with { Embeddings = [] } },
        { "TieWeights", LanguageModel with { TieWeights = true } },
        { "TieWeights", LanguageModel with { Embeddings = [6], Outputs = 8, TieWeights = true } },
        { "TieWeights", LanguageModel with { Embeddings = [6], Head = HeadKind.ClassPerSequence, TieWeights = true } },
        { "Embeddings", LanguageModel with { Embeddings = [0] } },
        { "Embeddings", LanguageModel with { Embeddings = [int.MaxValue], ContextWindow = 3 } },
        { "Vocabularies", LanguageModel with { Vocabularies = [0] } },
        { "Vocabularies", LanguageModel with { Vocabularies = default } },
        { "ValueSize", LanguageModel with { ValueSize = -1 } },
        { "ValueSize", LanguageModel with { Vocabularies = [], Embeddings = [] } },
        { "ContextWindow", LanguageModel with { ContextWindow = 2 } },
        { "ContextWindow", LanguageModel with { ContextWindow = 0 } },
        { "ContextWindow", LanguageModel with { ContextWindow = -1 } },
        { "Cell", LanguageModel with { Cell = (CellKind)9 } },
        { "Activation", LanguageModel with { Activation = (Activation)9 } },
        { "Pooling", LanguageModel with { Pooling = (Pooling)9 } },
        { "Head", LanguageModel with { Head = (HeadKind)9 } },
        { "Initializer", LanguageModel with { Initializer = (InitializerKind)9 } },
        { "Hidden", LanguageModel with { Hidden = [] } },
        { "Hidden", LanguageModel with { Hidden = [4, 0] } },
        { "Hidden", LanguageModel with { Hidden = [int.MaxValue] } },
        { "Peepholes", LanguageModel with { Cell = CellKind.Gru, Peepholes = true } },
        { "ForgetBias", LanguageModel with { Cell = CellKind.Rnn, ForgetBias = 1 } },
        { "ForgetBias", LanguageModel with { ForgetBias = float.NaN } },
        { "Outputs", LanguageModel with { Outputs = 0 } },
        { "HeadName", LanguageModel with { HeadName = "" } },
        { "HeadName", LanguageModel with { HeadName = "embedding" } },
        { "Dropout.Embedding", LanguageModel with { Dropout = new DropoutOptions(Embedding: 1) } },
        { "Dropout.Layers", LanguageModel with { Dropout = new DropoutOptions(Layers: -0.1f) } },
        { "Dropout.Output", LanguageModel with { Dropout = new DropoutOptions(Output: float.NaN) } },
        { "UnknownToken", LanguageModel with { Dropout = new DropoutOptions(Words: 0.1f), UnknownToken = 7 } },
        { "Dropout", LanguageModel with { Vocabularies = [], Embeddings = [], ValueSize = 1, Dropout = new DropoutOptions(Words: 0.1f) } },
        { "ClassWeights", LanguageModel with { ClassWeights = [1, 2] } },
        { "ClassWeights", LanguageModel with { ClassWeights = [1, 1, 1, 1, 1, 1, -1] } },
        { "ClassWeights", LanguageModel with { Head = HeadKind.ValuesPerSequence, ClassWeights = [1, 1, 1, 1, 1, 1, 1] } },
        { "InitializerScale", LanguageModel with { Initializer = InitializerKind.Uniform, InitializerScale = 0 } },
        { "InitializerScale", LanguageModel with { Initializer = InitializerKind.Normal, InitializerScale = float.PositiveInfinity } },
    };

    [Theory]
    [MemberData(nameof(Invalid), DisableDiscoveryEnumeration = true)]
    public void Network_OfInvalidOptions_NamesTheOption(string option, NetworkOptions options)
    {
        var error = Assert.ThrowsAny<ArgumentException>(() => new Network(options));
        Assert.Equal(option, error.ParamName);
        Assert.StartsWith(option, error.Message, StringComparison.Ordinal);
    }

    private static void AssertTable(NetworkOptions options, params string[] expected) =>
        Assert.Equal(expected, new Network(options).Parameters.Tensors.Select(tensor => $"{tensor.Name} {string.Join('x', tensor.Shape)}"));
}
