using System.Buffers.Binary;
using DistRnn.Data;
using Xunit;

namespace DistRnn.Training.Tests;

public sealed class EvaluationPieceTests
{
    public static TheoryDataOfJobs Jobs => Workspace.Jobs;

    [Theory]
    [MemberData(nameof(Jobs))]
    public void Merge_OfEverySplitIntoPieces_GivesTheMetricsOfTheWhole(string yaml)
    {
        using var rig = new Rig(yaml);
        var shards = rig.Shards;
        Assert.Equal(yaml == Workspace.LanguageModel ? 1 : 5, shards);
        // Bit i says whether a piece ends behind shard i.
        for (var split = 0; split < 1 << (shards - 1); split++)
        {
            var pieces = new List<EvaluationPiece>();
            for (int first = 0, shard = 0; shard < shards; shard++)
            {
                if (shard < shards - 1 && (split >> shard & 1) == 0)
                    continue;
                pieces.Add(OverTheWire(rig.Piece(first, shard + 1 - first)));
                first = shard + 1;
            }
            AssertSameBits(rig.Whole, EvaluationFigures.Merge(pieces));
        }
    }

    [Theory]
    [MemberData(nameof(Jobs))]
    public void Divide_IntoAnyNumberOfPieces_CoversAllShardsInOrder(string yaml)
    {
        using var rig = new Rig(yaml);
        for (var asked = 1; asked < 8; asked++)
        {
            var ranges = Evaluator.Divide(rig.Data, PartKind.Valid, rig.Batch, asked);
            Assert.Equal(Math.Min(asked, rig.Shards), ranges.Length);
            AssertSameBits(rig.Whole, EvaluationFigures.Merge([.. ranges.Select(range => rig.Piece(range.First, range.Shards))]));
        }
    }

    [Fact]
    public void EvaluatePiece_OfALongStream_IsAllOfItOrNothing()
    {
        using var rig = new Rig(Workspace.LanguageModel, space => space.Write("valid.txt", string.Concat(Enumerable.Repeat("abcab cabd\n", 60))));
        Assert.Equal(3, rig.Shards);
        Assert.Equal([new ShardRange(0, 3, 3)], Evaluator.Divide(rig.Data, PartKind.Valid, rig.Batch, 7));
        AssertSameBits(rig.Whole, EvaluationFigures.Merge([OverTheWire(rig.Piece(0, 3))]));
        Assert.Throws<ArgumentOutOfRangeException>(() => rig.Piece(0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => rig.Piece(1, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => rig.Piece(0, 4));
    }

    [Fact]
    public void TryMerge_OfPiecesThatMakeNoWhole_SaysWhy()
    {
        using var rig = new Rig(Workspace.Classification);
        using var other = new Rig(Workspace.Tagging);
        Assert.Contains("no pieces", Refusal(Array.Empty<EvaluationPiece>()), StringComparison.Ordinal);
        Assert.Contains("end with shard 4 of 5", Refusal([rig.Piece(0, 2), rig.Piece(2, 2)]), StringComparison.Ordinal);
        Assert.Contains("from shard 2 on is expected", Refusal([rig.Piece(0, 2), rig.Piece(3, 2)]), StringComparison.Ordinal);
        Assert.Contains("begins with shard 0", Refusal([rig.Piece(0, 5), rig.Piece(0, 5)]), StringComparison.Ordinal);
        Assert.Contains("another evaluation", Refusal([rig.Piece(0, 2), other.Piece(2, 3)]), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => EvaluationFigures.Merge([rig.Piece(1, 4)]));
    }

    [Theory]
    [MemberData(nameof(Jobs))]
    public void TryRead_OfAnyOtherLength_IsRefused(string yaml)
    {
        using var rig = new Rig(yaml);
        var bytes = rig.Piece(0, rig.Shards).ToBytes();
        for (var length = 0; length < bytes.Length; length++)
            Assert.Contains("bytes", Refusal(bytes[..length]), StringComparison.Ordinal);
        Assert.Contains("its header says", Refusal([.. bytes, 0]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 2, "version 2")]
    [InlineData(1, 0, "no kind")]
    [InlineData(1, 200, "no kind")]
    [InlineData(3, 1, "no kind")]
    [InlineData(1, 5, "sums a shard")]
    public void TryRead_WithAnotherByteInItsHead_IsRefused(int at, byte value, string words)
    {
        using var rig = new Rig(Workspace.Classification);
        var bytes = rig.Piece(0, 5).ToBytes();
        bytes[at] = value;
        Assert.Contains(words, Refusal(bytes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, -1, "from shard -1")]
    [InlineData(4, 1, "from shard 1 of 5")]
    [InlineData(8, 0, "0 shards")]
    [InlineData(8, int.MaxValue, "2147483647 shards")]
    [InlineData(12, 4, "of 4")]
    [InlineData(16, int.MaxValue, "counts")]
    [InlineData(20, -1, "sums a shard")]
    [InlineData(36, int.MinValue, "targets")]
    [InlineData(24 + 5 * 32 + 4, 1 << 20, "Count 0")]
    public void TryRead_WithANumberThatCannotBe_IsRefused(int at, int value, string words)
    {
        using var rig = new Rig(Workspace.Classification);
        var bytes = rig.Piece(0, 5).ToBytes();
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), value);
        Assert.Contains(words, Refusal(bytes), StringComparison.Ordinal);
    }

    private static EvaluationPiece OverTheWire(EvaluationPiece piece)
    {
        var bytes = piece.ToBytes();
        Assert.True(EvaluationPiece.TryRead(bytes, out var read, out var reason), reason);
        Assert.Equal(bytes, read.ToBytes());
        return read;
    }

    private static string Refusal(byte[] bytes)
    {
        Assert.False(EvaluationPiece.TryRead(bytes, out var piece, out var reason));
        Assert.Null(piece);
        return reason;
    }

    private static string Refusal(EvaluationPiece[] pieces)
    {
        Assert.False(EvaluationFigures.TryMerge(pieces, out var metrics, out var reason));
        Assert.Null(metrics);
        return reason;
    }

    private static void AssertSameBits(MetricSet expected, MetricSet actual) => Assert.Equal(
        expected.Select(metric => (metric.Key, BitConverter.DoubleToInt64Bits(metric.Value))),
        actual.Select(metric => (metric.Key, BitConverter.DoubleToInt64Bits(metric.Value))));

    /// <summary>A job's freshly initialised network and its validation part in shards of a few sequences.</summary>
    private sealed class Rig : IDisposable
    {
        private readonly Workspace _space = new();
        private readonly TrainingSetup _setup;
        private readonly Evaluator _evaluator;
        private readonly Numerics.FloatBuffer _parameters;
        private readonly Numerics.FloatBuffer _zeros;

        public Rig(string yaml, Action<Workspace>? change = null)
        {
            change?.Invoke(_space);
            var job = _space.Job(yaml);
            _setup = TrainingSetup.Load(job, _space.Options("none"), SilentProgress.Instance);
            _parameters = new Numerics.FloatBuffer(_setup.Network.Parameters.Count);
            _zeros = new Numerics.FloatBuffer(_setup.Network.Parameters.Count);
            _setup.Network.Initialize(job.Seed, _parameters);
            _evaluator = new Evaluator(_setup.Network, _setup.Computer);
            var sequences = _setup.Data.CreateEvaluationPlan(PartKind.Valid, 1).Sequences;
            Batch = sequences == 1 ? 1 : (int)((sequences + 4) / 5);
            _setup.Computer.SetParameters(_parameters);
            Whole = _evaluator.Evaluate(_setup.Data, PartKind.Valid, Batch, SilentProgress.Instance, CancellationToken.None);
            _setup.Computer.SetParameters(_zeros);
        }

        public TaskData Data => _setup.Data;

        public MetricSet Whole { get; }

        public int Shards => _setup.Data.CreateEvaluationPlan(PartKind.Valid, Batch).Shards;

        public int Batch { get; }

        public EvaluationPiece Piece(int first, int shards) => _evaluator.EvaluatePiece(_setup.Data, PartKind.Valid, Batch, first, shards, _parameters);

        public void Dispose()
        {
            _setup.Dispose();
            _parameters.Dispose();
            _zeros.Dispose();
            _space.Dispose();
        }
    }
}
