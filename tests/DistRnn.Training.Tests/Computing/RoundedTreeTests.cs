using DistRnn.Models;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Training.Tests;

/// <summary>Codec bf16 rounds every node of the gradient tree, and so has one right answer, another one than codec none.</summary>
public sealed class RoundedTreeTests
{
    private const string Codec = "cluster.codec=bf16";

    /// <summary>Fingerprints of these runs, whoever computes them.</summary>
    public static readonly TheoryData<string, string> Runs = new()
    {
        { Workspace.LanguageModel, "83b17218c0035ffb84c28f716ed4b965feb6f2161aa4c4f9ec4e77a27792296b" },
        { Workspace.Classification, "e8d98ee29ea21cadb825bde2ad80374f121c7166e5aaa9604cc88f51094284c9" },
    };

    [Theory]
    [MemberData(nameof(Runs))]
    public void Run_WithBf16_HasOneFingerprintOnAnyThreads(string yaml, string fingerprint)
    {
        using var space = new Workspace();
        var job = space.Job(yaml, Codec, "training.batch-shards=4", "training.epochs=2");
        Assert.Equal(fingerprint, space.Train(job, "one").Fingerprint);
        Assert.Equal(fingerprint, space.Train(job, "two", threads: 2).Fingerprint);
        Assert.Equal(fingerprint, space.Train(job, "three", threads: 3).Fingerprint);
        Assert.NotEqual(fingerprint, space.Train(space.Job(yaml, "training.batch-shards=4", "training.epochs=2"), "none").Fingerprint);
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Run_WithBf16InterruptedAndResumed_HasTheSameFingerprint(string yaml, string fingerprint)
    {
        using var space = new Workspace();
        var job = space.Job(yaml, Codec, "training.batch-shards=4", "training.epochs=2");
        foreach (var stop in (long[])[1, 5])
        {
            var run = $"stop-{stop}";
            Assert.Equal(stop, ResumeTests.Interrupt(space, job, run, stop).Steps);
            var resumed = space.Train(job, run, resume: true);
            Assert.Equal(stop, resumed.ResumedFrom);
            Assert.Equal(fingerprint, resumed.Fingerprint);
        }
    }

    [Fact]
    public void Run_ResumedWithAnotherCodec_IsRefused()
    {
        using var space = new Workspace();
        ResumeTests.Interrupt(space, space.Job(Workspace.Tagging, Codec), "run", 2);
        var error = Assert.Throws<InvalidInputException>(() => space.Train(space.Job(Workspace.Tagging), "run", resume: true));
        Assert.Contains("cluster.codec: bf16", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Workspace.LanguageModel, 4)]
    [InlineData(Workspace.LanguageModel, 3)]
    [InlineData(Workspace.Classification, 8)]
    [InlineData(Workspace.Classification, 7)]
    [InlineData(Workspace.Classification, 13)]
    [InlineData(Workspace.Forecasting, 5)]
    public void Compute_OfShardsAloneOrInSubtrees_GivesTheSameRoundedBits(string yaml, int count)
    {
        using var space = new Workspace();
        var job = space.Job(yaml, Codec, $"training.batch-shards={count}", yaml == Workspace.LanguageModel ? "training.batch=4" : "training.batch=8");
        using var setup = TrainingSetup.Load(job, space.Options("none", threads: 2), SilentProgress.Instance);
        using var rig = new Rig(setup);
        using var whole = rig.Compute(0, count);
        using var plain = rig.Compute(0, count, roundsNodes: false);
        var expected = rig.FingerprintOf(whole);

        Assert.NotEqual(expected, rig.FingerprintOf(plain));
        Assert.All(whole.Values.Span.ToArray(), value => Assert.Equal(0, BitConverter.SingleToInt32Bits(value) & 0xFFFF));
        for (var alone = 1; alone < count; alone *= 2)
        {
            using var root = rig.Node(0, count, alone);
            Assert.Equal(expected, rig.FingerprintOf(root));
            Assert.Equal(whole.IsAbsent, root.IsAbsent);
            for (var tensor = 0; tensor < setup.Network.Parameters.Tensors.Length; tensor++)
                Assert.Equal(whole.TouchedRows(tensor), root.TouchedRows(tensor));
        }
    }

    [Fact]
    public void Compute_WithRoundedNodesAfterWarmUp_AllocatesNothing()
    {
        using var space = new Workspace();
        var job = space.Job(Workspace.LanguageModel, Codec, "training.batch-shards=4", "training.batch=4");
        using var setup = TrainingSetup.Load(job, space.Options("none"), SilentProgress.Instance);
        using var rig = new Rig(setup);
        using var gradient = new Gradient(setup.Network.Parameters);
        rig.ComputeAll(gradient);
        rig.ComputeAll(gradient);
        var before = GC.GetAllocatedBytesForCurrentThread();
        rig.ComputeAll(gradient);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private sealed class Rig : IDisposable
    {
        private readonly TrainingSetup _setup;
        private readonly FloatBuffer _parameters;
        private readonly LaneState? _from;
        private readonly LaneState? _to;
        private readonly ShardComputer _rounded;
        private readonly ShardComputer _plain;

        public Rig(TrainingSetup setup)
        {
            _setup = setup;
            _parameters = new FloatBuffer(setup.Network.Parameters.Count);
            setup.Network.Initialize(3, _parameters);
            setup.Computer.SetParameters(_parameters);
            _rounded = new ShardComputer(setup.Computer, setup.Plan, setup.Trainer.RoundsNodes);
            _plain = new ShardComputer(setup.Computer, setup.Plan);
            if (setup.Plan.Lanes > 0)
                (_from, _to) = (setup.Network.CreateLanes(setup.Plan.Lanes), setup.Network.CreateLanes(setup.Plan.Lanes));
        }

        public string FingerprintOf(Gradient gradient) => Fingerprint.Of(gradient.Parameters, gradient.Values);

        public void ComputeAll(Gradient gradient) => _rounded.Compute(3, new StepPosition(0, 1, 1), _from, _to, gradient);

        public Gradient Compute(int first, int shards, bool roundsNodes = true)
        {
            var gradient = new Gradient(_setup.Network.Parameters);
            (roundsNodes ? _rounded : _plain).Compute(3, new StepPosition(0, 1, 1), first, shards, _from, _to, gradient);
            return gradient;
        }

        /// <summary>A node as a cluster computes it: subtrees of at most so many shards by workers, the rest by whoever adds.</summary>
        public Gradient Node(int from, int to, int alone)
        {
            if (to - from <= alone)
                return Compute(from, to - from);
            var split = ShardTree.SplitOf(from, to);
            var left = Node(from, split, alone);
            using var right = Node(split, to, alone);
            left.AddRight(right);
            left.RoundToBfloat16();
            return left;
        }

        public void Dispose()
        {
            _rounded.Dispose();
            _plain.Dispose();
            _from?.Dispose();
            _to?.Dispose();
            _parameters.Dispose();
        }
    }
}
