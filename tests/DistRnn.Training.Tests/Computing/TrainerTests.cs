using DistRnn.Models;
using DistRnn.Numerics;
using DistRnn.Optimizers;
using Xunit;

namespace DistRnn.Training.Tests;

public sealed class TrainerTests
{
    private static readonly NetworkOptions Classifier = new()
    {
        Vocabularies = [11],
        Embeddings = [6],
        Cell = CellKind.Lstm,
        Peepholes = true,
        Hidden = [9, 7],
        Bidirectional = true,
        Head = HeadKind.ClassPerSequence,
        Outputs = 3,
        Dropout = new DropoutOptions(0.1f, 0.1f, 0.1f, 0.1f),
    };

    private static readonly NetworkOptions Stream = new()
    {
        Vocabularies = [11],
        Embeddings = [6],
        Cell = CellKind.Gru,
        Hidden = [10],
        Head = HeadKind.ClassPerStep,
        Outputs = 11,
        HeadName = "decoder",
    };

    [Theory]
    [InlineData("adam", false)]
    [InlineData("momentum(0.9)", true)]
    public void DoStep_OnAnyNumberOfThreads_GivesTheSameFingerprint(string rule, bool stream)
    {
        var expected = FingerprintAfter(12, 1, rule, stream);
        Assert.Equal(expected, FingerprintAfter(12, 2, rule, stream));
        Assert.Equal(expected, FingerprintAfter(12, 3, rule, stream));
        Assert.NotEqual(expected, FingerprintAfter(11, 1, rule, stream));
    }

    [Fact]
    public void DoStep_WithAnotherSeed_GivesAnotherFingerprint() =>
        Assert.NotEqual(FingerprintAfter(3, 1, "sgd", false), FingerprintAfter(3, 1, "sgd", false, seed: 2));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Compute_StackedOrOneByOne_GivesTheSameBits(bool stream)
    {
        using var rig = new Rig(2, "sgd", stream);
        var table = rig.Network.Parameters;
        using var whole = new Gradient(table);
        using var wholeTo = rig.NewLanes();
        var shards = new ShardComputer(rig.Computer, rig.Plan);
        var position = new StepPosition(1, 3, 8);
        var sums = shards.Compute(1, position, rig.Trainer.Lanes, wholeTo, whole);

        using var oneTo = rig.NewLanes();
        var parts = Enumerable.Range(0, rig.Plan.Shards).Select(_ => new Gradient(table)).ToArray();
        for (var shard = 0; shard < parts.Length; shard++)
            shards.Compute(1, position, shard, 1, rig.Trainer.Lanes, oneTo, parts[shard]);
        var root = Tree(parts);

        Assert.True(sums.Loss > 0);
        Assert.Equal(Fingerprint.Of(table, whole.Values), Fingerprint.Of(table, root.Values));
        if (stream)
            Assert.True(wholeTo!.Values.Span.SequenceEqual(oneTo!.Values.Span));
        foreach (var part in parts)
            part.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TakeFrom_APositionInTheMiddle_GoesOnToTheSameBits(bool stream)
    {
        var expected = FingerprintAfter(13, 1, "adam", stream);
        for (var stop = 1; stop < 13; stop++)
        {
            using var first = new Rig(1, "adam", stream);
            first.Do(stop);
            var json = first.Trainer.PutInto(new RunPosition()).ToJson();
            using var second = new Rig(1, "adam", stream);
            second.Trainer.Parameters.CopyFrom(first.Trainer.Parameters);
            for (var i = 0; i < first.Trainer.Optimizer.Vectors.Length; i++)
                second.Trainer.Optimizer.Vectors[i].CopyFrom(first.Trainer.Optimizer.Vectors[i]);
            if (stream)
                second.Trainer.Lanes!.Values.CopyFrom(first.Trainer.Lanes!.Values);
            second.Trainer.TakeFrom(RunPosition.FromJson(json));
            second.Trainer.ParametersChanged();
            second.Do(13 - stop);
            Assert.Equal(expected, second.Fingerprint);
        }
    }

    [Fact]
    public void DoStep_AfterWarmUp_AllocatesNothing()
    {
        foreach (var stream in (bool[])[false, true])
        {
            using var rig = new Rig(1, "adam", stream, clip: 1);
            rig.Do(25);
            var before = GC.GetAllocatedBytesForCurrentThread();
            rig.Do(10);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Equal(rig.PlanBytes(10), allocated);
        }
    }

    [Theory]
    [InlineData(NonFinitePolicy.Stop)]
    [InlineData(NonFinitePolicy.Skip)]
    [InlineData(NonFinitePolicy.HalveRate)]
    public void DoStep_WithAGradientThatIsNotFinite_FollowsThePolicy(NonFinitePolicy policy)
    {
        using var rig = new Rig(2, "sgd", true, policy: policy);
        rig.Do(3);
        var (before, lanes) = (rig.Fingerprint, rig.Trainer.Lanes!.Values.Span.ToArray());
        rig.Trainer.Parameters.Span[..(int)rig.Network.Parameters.Tensors[0].Count].Fill(float.NaN);
        rig.Trainer.ParametersChanged();
        var poisoned = rig.Fingerprint;

        var outcome = rig.Trainer.DoStep();

        Assert.NotEqual(before, poisoned);
        Assert.Equal(policy == NonFinitePolicy.Stop ? StepOutcome.Stopped : StepOutcome.PassedOver, outcome);
        Assert.Equal(policy == NonFinitePolicy.Stop ? 3 : 4, rig.Trainer.Step);
        Assert.Equal(policy == NonFinitePolicy.HalveRate ? 0.5 : 1, rig.Trainer.RateFactor);
        Assert.Equal(policy == NonFinitePolicy.Stop ? 0 : 1, rig.Trainer.NonFiniteSteps);
        Assert.False(rig.Trainer.LastStep.Applied);
        Assert.Equal(poisoned, rig.Fingerprint);
        Assert.True(lanes.AsSpan().SequenceEqual(rig.Trainer.Lanes!.Values.Span));
    }

    private static Gradient Tree(ReadOnlySpan<Gradient> parts)
    {
        if (parts.Length == 1)
            return parts[0];
        var middle = 1 << System.Numerics.BitOperations.Log2((uint)(parts.Length - 1));
        var left = Tree(parts[..middle]);
        left.AddRight(Tree(parts[middle..]));
        return left;
    }

    private static string FingerprintAfter(int steps, int threads, string rule, bool stream, ulong seed = 1)
    {
        using var rig = new Rig(threads, rule, stream, seed);
        rig.Do(steps);
        return rig.Fingerprint;
    }

    private sealed class Rig : IDisposable
    {
        private readonly ComputeTeam _team;

        public Rig(int threads, string rule, bool stream, ulong seed = 1, double? clip = null, NonFinitePolicy policy = NonFinitePolicy.Stop)
        {
            Network = new Network(stream ? Stream : Classifier);
            Plan = new SyntheticPlan(stream ? 5 : 7, 3, 11, stream ? 11 : 3, stream);
            _team = new ComputeTeam(threads);
            Computer = new NetworkComputer(Network, _team);
            Trainer = new Trainer(
                new TrainerOptions { Seed = seed, Rule = UpdateRule.Parse(rule), Schedule = Schedule.Parse("cosine"), LearningRate = 0.01, ClipNorm = clip, TotalSteps = 40, NonFinite = policy },
                Network, Computer, Plan, _team);
            Network.Initialize(seed, Trainer.Parameters);
            Trainer.ParametersChanged();
        }

        public Network Network { get; }

        public SyntheticPlan Plan { get; }

        public NetworkComputer Computer { get; }

        public Trainer Trainer { get; }

        public string Fingerprint => Numerics.Fingerprint.Of(Network.Parameters, Trainer.Parameters);

        public LaneState? NewLanes() => Plan.Lanes > 0 ? new LaneState(Network.Options, Plan.Lanes) : null;

        public void Do(int steps)
        {
            var applied = 0;
            for (var i = 0; i < steps; i++)
                applied += Trainer.DoStep() == StepOutcome.Applied ? 1 : 0;
            if (applied != steps)
                Assert.Fail($"{steps - applied} of {steps} steps were not applied.");
        }

        /// <summary>What the plan itself allocates: its arrays of lengths.</summary>
        public long PlanBytes(int steps)
        {
            var batch = new SequenceBatch();
            for (var shard = 0; shard < Plan.Shards; shard++)
                Plan.Fill(0, 0, shard, batch);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < steps; i++)
                for (var shard = 0; shard < Plan.Shards; shard++)
                    Plan.Fill(0, 0, shard, batch);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        public void Dispose()
        {
            Trainer.Dispose();
            Computer.Dispose();
            _team.Dispose();
        }
    }
}
