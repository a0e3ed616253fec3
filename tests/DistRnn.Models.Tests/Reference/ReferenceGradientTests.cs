namespace DistRnn.Models.Tests;

/// <summary>The hand-written backward passes of the reference against central differences of its forward passes.</summary>
public sealed class ReferenceGradientTests
{
    private static readonly string[] s_cells = ["rnn", "rnn-relu", "rnn-sigmoid", "lstm", "lstm-peephole", "gru", "gru-textbook"];

    public static TheoryData<string, int, int> Stacks => [.. s_cells.SelectMany(_ => new[] { (1, 1), (1, 2), (2, 1), (3, 2) }, (cell, shape) => (cell, shape.Item1, shape.Item2))];

    public static TheoryData<HeadKind, Pooling, bool> Heads =>
        [.. Enum.GetValues<HeadKind>().SelectMany(_ => Enum.GetValues<Pooling>(), (head, pooling) => (head, pooling)).SelectMany(_ => new[] { false, true }, (pair, both) => (pair.head, pair.pooling, both))];

    [Theory]
    [MemberData(nameof(Stacks))]
    public void Backward_StackOverRaggedRows_IsTheSlope(string cell, int layers, int directions)
    {
        var random = new Random(7);
        var stack = StackCase.Random(cell, layers, directions, [4, 1, 6], random);
        GradientCheck.Agrees(stack.Tensors, stack.Compute().Gradients, () => stack.Compute().Loss, random);
    }

    [Fact]
    public void Backward_StackWithDropoutBetweenLayers_IsTheSlope()
    {
        var random = new Random(8);
        var stack = StackCase.Random("lstm", 3, 2, [5, 2], random);
        Reference.LayerMask masks = (layer, step, unit) => (layer * 5 + step * 3 + unit) % 4 == 0 ? 0 : 4.0 / 3;
        Assert.NotEqual(stack.Compute().Loss, stack.Compute(masks).Loss);
        GradientCheck.Agrees(stack.Tensors, stack.Compute(masks).Gradients, () => stack.Compute(masks).Loss, random);
    }

    [Theory]
    [MemberData(nameof(Heads))]
    public void Compute_EveryHeadAndPooling_IsTheSlope(HeadKind head, Pooling pooling, bool bidirectional)
    {
        var random = new Random(9);
        var options = new NetworkOptions
        {
            Vocabularies = [7, 4],
            Embeddings = [3, 2],
            CharacterVocabulary = 6,
            Characters = 3,
            ValueSize = 2,
            ContextWindow = 3,
            Cell = CellKind.Gru,
            Hidden = [4, 3],
            Bidirectional = bidirectional,
            Head = head,
            Pooling = pooling,
            Outputs = 3,
            ClassWeights = head is HeadKind.ValuesPerSequence or HeadKind.Crf ? [] : [0.5f, 2f, 1.25f],
            UnknownToken = 1,
        };
        var tensors = RandomNetwork.Tensors(new Network(options).Parameters, random);
        var shard = ReferenceForm.Of(RandomNetwork.Shard(options, [5, 1, 3], random));
        var masks = new Reference.ReferenceMasks
        {
            Embedding = (row, step, unit) => (row + step + unit) % 5 == 0 ? 0 : 1.25,
            Layer = (layer, row, step, unit) => (layer + row + step + unit) % 3 == 0 ? 0 : 1.5,
            Output = (row, step, unit) => (row + 2 * step + unit) % 4 == 0 ? 0 : 4.0 / 3,
            Word = (row, step) => (row + step) % 3 == 1,
        };
        var network = new Reference.ReferenceNetwork(ReferenceForm.Of(options), tensors);

        var result = network.Compute(shard, masks);

        Assert.True(result.Targets > 0);
        GradientCheck.Agrees(tensors, result.Gradients, () => network.Compute(shard, masks).Loss, random);
    }

    [Theory]
    [InlineData("tied")]
    [InlineData("attention")]
    [InlineData("recurrent-rnn")]
    [InlineData("recurrent-lstm")]
    [InlineData("recurrent-gru")]
    [InlineData("recurrent-textbook")]
    public void Compute_EveryRefinement_IsTheSlope(string refinement)
    {
        var random = new Random(11);
        var options = new NetworkOptions { Vocabularies = [7], Embeddings = [3], Cell = CellKind.Lstm, Hidden = [4, 3], Outputs = 7 };
        options = refinement switch
        {
            "tied" => options with { TieWeights = true },
            "attention" => options with { Head = HeadKind.ClassPerSequence, Pooling = Pooling.Attention, Bidirectional = true },
            "recurrent-rnn" => options with { Cell = CellKind.Rnn, Bidirectional = true },
            "recurrent-gru" => options with { Cell = CellKind.Gru },
            "recurrent-textbook" => options with { Cell = CellKind.Gru, ResetAfter = false, Bidirectional = true },
            _ => options with { Peepholes = true },
        };
        var tensors = RandomNetwork.Tensors(new Network(options).Parameters, random);
        var shard = ReferenceForm.Of(RandomNetwork.Shard(options, [5, 1, 3], random));
        var masks = new Reference.ReferenceMasks
        {
            Embedding = (row, step, unit) => (row + step + unit) % 5 == 0 ? 0 : 1.25,
            Recurrent = refinement.StartsWith("recurrent", StringComparison.Ordinal) ? (layer, direction, row, unit) => (layer + direction + row + unit) % 3 == 0 ? 0 : 1.5 : null,
        };
        var network = new Reference.ReferenceNetwork(ReferenceForm.Of(options), tensors);

        var result = network.Compute(shard, masks);

        Assert.True(result.Targets > 0);
        GradientCheck.Agrees(tensors, result.Gradients, () => network.Compute(shard, masks).Loss, random);
    }

    [Theory]
    [InlineData("softmax")]
    [InlineData("squares")]
    [InlineData("binary")]
    public void Of_EveryLossBehindADenseLayer_IsTheSlope(string loss)
    {
        var random = new Random(10);
        var tensors = new Dictionary<string, double[]>(StringComparer.Ordinal)
        {
            ["weight"] = Draw(4 * 3),
            ["bias"] = Draw(4),
            ["x"] = Draw(3),
        };
        double[] targets = [0, 1, 1, 0.25];
        var (_, gradients) = Compute();
        GradientCheck.Agrees(tensors, gradients, () => Compute().Loss, random);

        double[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => 2 * random.NextDouble() - 1)];

        (double Loss, Dictionary<string, double[]> Gradients) Compute()
        {
            var parameters = new Reference.ParameterSet(tensors);
            var dense = new Reference.Dense(3, 4, parameters, "");
            var outputs = dense.Forward(tensors["x"]);
            var (value, delta) = loss switch
            {
                "softmax" => Reference.SoftmaxCrossEntropy.Of(outputs, 2, 1.5),
                "squares" => Reference.MeanSquaredError.Of(outputs, targets),
                _ => Reference.BinaryCrossEntropy.Of(outputs, targets),
            };
            dense.Backward(tensors["x"], delta).CopyTo(parameters.Gradients["x"], 0);
            return (value, parameters.Gradients);
        }
    }

    [Fact]
    public void Of_BinaryCrossEntropy_IsItsDefinition()
    {
        double[] logits = [-2, 0.5, 3];
        double[] targets = [0, 1, 0.3];
        var expected = logits.Zip(targets, (v, t) => -t * Math.Log(1 / (1 + Math.Exp(-v))) - (1 - t) * Math.Log(1 - 1 / (1 + Math.Exp(-v)))).Sum();
        Assert.Equal(expected, Reference.BinaryCrossEntropy.Of(logits, targets).Loss, 1e-12);
        Assert.Equal(1000, Reference.BinaryCrossEntropy.Of([-1000], [1]).Loss, 1e-9);
    }
}
