using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>Word vectors of any options against the reference, and against themselves at every width, thread count and grouping of shards.</summary>
public sealed class WordVectorComputerTests
{
    private const double LossTolerance = 1e-5;
    private const double GradientTolerance = 1e-4;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 24)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void ComputeGradient_AnyModel_AgreesWithTheReference(int seed)
    {
        using var given = new WordVectorCase(seed);
        using var team = new ComputeTeam(1);
        using var computer = new WordVectorComputer(given.Model, team);
        computer.SetParameters(given.Parameters);
        var results = new ShardResult[given.Shards.Length];

        using var gradient = given.Compute(computer, 0, results.Length, results);

        var reference = new Reference.ReferenceWordVectors(given.Model.Options.Dimensions, given.Tensors);
        for (var shard = 0; shard < results.Length; shard++)
        {
            var contexts = given.Contexts(shard);
            Assert.Equal((contexts.Count, given.Shards[shard].Rows), ((int)results[shard].Targets, (int)results[shard].Sequences));
            GoldenCase.AssertClose($"loss of shard {shard}", [reference.Compute(contexts).Loss], [results[shard].Loss], LossTolerance, floor: 1);
        }
        var all = Enumerable.Range(0, results.Length).SelectMany(given.Contexts).ToList();
        GoldenCase.AssertClose(reference.Compute(all).Gradients, ReferenceForm.Of(given.Model.Parameters, gradient.Values), GradientTolerance, floor: 1e-3 * Math.Max(1, all.Count));
        Assert.Equal(all.SelectMany(context => context.Words).Distinct().Order(), gradient.TouchedRows(0));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void ComputeGradient_WidthsThreadsAndShards_GiveTheSameBits(int seed)
    {
        using var given = new WordVectorCase(seed);
        var shards = given.Shards.Length;
        int[]? expected = null;
        ShardResult[]? expectedResults = null;
        foreach (var (width, threads) in Everywhere.Places(seed))
        {
            using var team = new ComputeTeam(threads);
            using var computer = new WordVectorComputer(given.Model, team, width);
            computer.SetParameters(given.Parameters);
            var results = new ShardResult[shards];
            using var gradient = given.Compute(computer, 0, shards, results);
            expected ??= GarbageFloats.Bits(gradient.Values.Span);
            expectedResults ??= results;
            Assert.Equal(expected, GarbageFloats.Bits(gradient.Values.Span));
            Assert.Equal(expectedResults, results);

            if (shards < 2)
                continue;
            var middle = ShardTree.SplitOf(0, shards);
            using var left = given.Compute(computer, 0, middle, results);
            using var right = given.Compute(computer, middle, shards, results);
            left.AddRight(right);
            Assert.Equal(expected, GarbageFloats.Bits(left.Values.Span));
            Assert.Equal(expectedResults, results);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void ComputeReference_AnyModel_HasTheSlopeOfItsLoss(int seed)
    {
        using var given = new WordVectorCase(seed);
        var tensors = given.Tensors;
        var contexts = Enumerable.Range(0, given.Shards.Length).SelectMany(given.Contexts).ToList();
        var reference = new Reference.ReferenceWordVectors(given.Model.Options.Dimensions, tensors);

        GradientCheck.Agrees(tensors, reference.Compute(contexts).Gradients, () => reference.Compute(contexts).Loss, new Random(seed));
    }

    [Fact]
    public void Predict_ABatch_IsTheSameEveryTimeAndCountsPairs()
    {
        using var given = new WordVectorCase(4);
        using var team = new ComputeTeam(2);
        using var computer = new WordVectorComputer(given.Model, team);
        computer.SetParameters(given.Parameters);
        var shard = given.Shards.First(shard => shard.Rows > 0);
        var (first, second) = (new Predictions(), new Predictions());

        computer.Predict(shard, null, null, first);
        computer.Predict(shard, null, null, second);

        Assert.Equal(first.Result, second.Result);
        Assert.Equal((shard.Rows, shard.Steps), ((int)first.Result.Sequences, (int)first.Result.Targets));
        Assert.True(first.Result.Loss > 0);
    }

    [Fact]
    public void ComputeGradient_SeenSizes_AllocatesNothing()
    {
        using var given = new WordVectorCase(0);
        using var team = new ComputeTeam(1);
        using var computer = new WordVectorComputer(given.Model, team);
        using var gradient = new Gradient(given.Model.Parameters);
        computer.SetParameters(given.Parameters);
        var results = new ShardResult[given.Shards.Length];
        for (var i = 0; i < 3; i++)
            computer.ComputeGradient(given.Key, 0, given.Shards, null, null, gradient, results);
        var before = GC.GetAllocatedBytesForCurrentThread();

        computer.ComputeGradient(given.Key, 0, given.Shards, null, null, gradient, results);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void ComputeGradient_ALargeScore_HasAFiniteLoss()
    {
        var model = new WordVectorModel(new WordVectorOptions { Counts = [3, 2], Dimensions = 2 });
        using var parameters = new FloatBuffer(model.Parameters.Count);
        parameters.Span.Fill(-30);
        parameters.Slice(0, 4).Fill(30);
        using var team = new ComputeTeam(1);
        using var computer = new WordVectorComputer(model, team);
        using var gradient = new Gradient(model.Parameters);
        computer.SetParameters(parameters);
        var shard = new SequenceBatch();
        shard.Reset([1], 1, 0, TargetKind.ClassPerSequence);
        (shard.Tokens(0)[0], shard.Targets[0], shard.RowIds[0]) = (0, 1, 0);
        var results = new ShardResult[1];

        computer.ComputeGradient(new StepKey(1, 0), 0, [shard], null, null, gradient, results);

        Assert.True(double.IsFinite(results[0].Loss) && results[0].Loss > 80, $"The loss is {results[0].Loss}.");
        Assert.True(Reductions.AllFinite(gradient.Values.Span));
    }
}
