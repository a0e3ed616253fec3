using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

public sealed unsafe class EmbeddingGradientTests
{
    private const int Offset = 3;

    [Theory]
    [InlineData(1, 1, 1, 5, 1)]
    [InlineData(2, 50, 7, 40, 3)]
    [InlineData(2, 9, 32, 200, 4)]
    [InlineData(3, 30, 45, 120, 7)]
    [InlineData(3, 400, 100, 300, 13)]
    [InlineData(1, 6, 8, 64, 32)]
    [InlineData(3, 1, 16, 90, 6)]
    public void Sum_OfManyShards_IsTheGradientTreeToTheBit(int threads, int vocabulary, int rowSize, int entries, int shards)
    {
        var random = new Random(vocabulary * 31 + shards);
        using var team = new ComputeTeam(threads);
        using var gradient = new EmbeddingGradient(vocabulary, rowSize, threads);
        using var destination = new FloatBuffer((long)vocabulary * rowSize);
        var touched = new List<int>();
        for (var repeat = 0; repeat < 4; repeat++)
        {
            var step = new Step(random, vocabulary, rowSize, random.Next(1, entries + 1), shards);
            Run(team, gradient, step, destination, touched);
            Assert.Equal(step.Tokens.Distinct().Order(), touched);
            Assert.Equal(GarbageFloats.Bits(step.Expected()), GarbageFloats.Bits(destination.Span));
            step.Dispose();
        }
    }

    [Fact]
    public void Sum_OfNoEntries_ClearsWhatWasTouched()
    {
        using var team = new ComputeTeam(2);
        using var gradient = new EmbeddingGradient(5, 3, 2);
        using var destination = new FloatBuffer(15);
        destination.Slice(3, 3).Fill(1);
        destination.Slice(12, 3).Fill(1);
        var touched = new List<int> { 1, 4 };
        using var step = new Step(new Random(1), 5, 3, 0, 2);
        Run(team, gradient, step, destination, touched);
        Assert.Empty(touched);
        Assert.Equal(new int[15], GarbageFloats.Bits(destination.Span));
    }

    [Fact]
    public void Sum_OfNegativeZeros_StartsFromPlusZero()
    {
        using var team = new ComputeTeam(1);
        using var gradient = new EmbeddingGradient(2, 1, 1);
        using var destination = new FloatBuffer(2);
        var source = stackalloc float[] { -0f, -0f };
        gradient.Collect([0, 1], [0, 3], [0, 1], 4, []);
        gradient.Sum(team, 0, source, 1, 0, destination.Pointer);
        Assert.Equal([0, 0], GarbageFloats.Bits(destination.Span));
    }

    [Fact]
    public void CollectAndSum_AfterTheLargestStep_AllocateNothing()
    {
        var random = new Random(4);
        using var team = new ComputeTeam(1);
        using var gradient = new EmbeddingGradient(100, 20, 1);
        using var destination = new FloatBuffer(2000);
        var touched = new List<int>();
        using var large = new Step(random, 100, 20, 500, 6);
        using var small = new Step(random, 100, 20, 80, 6);
        Once(large);
        Once(small);
        Once(large);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 20; i++)
        {
            Once(small);
            Once(large);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Once(Step step)
        {
            gradient.Collect(step.Tokens, step.Shards, step.Rows, 6, touched);
            gradient.Sum(team, 0, step.Source.Pointer, step.Stride, Offset, destination.Pointer);
        }
    }

    [Fact]
    public void Collect_OfBadEntries_SaysWhich()
    {
        using var gradient = new EmbeddingGradient(4, 2, 1);
        Assert.Contains("token 4", Assert.Throws<ArgumentOutOfRangeException>(() => gradient.Collect([0, 4], [0, 0], [0, 1], 1, [])).Message, StringComparison.Ordinal);
        Assert.Contains("token -1", Assert.Throws<ArgumentOutOfRangeException>(() => gradient.Collect([-1], [0], [0], 1, [])).Message, StringComparison.Ordinal);
        Assert.Contains("shard 2", Assert.Throws<ArgumentOutOfRangeException>(() => gradient.Collect([0], [2], [0], 2, [])).Message, StringComparison.Ordinal);
        Assert.Contains("Entry 1", Assert.Throws<ArgumentException>(() => gradient.Collect([0, 0], [1, 0], [0, 1], 2, [])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => gradient.Collect([0, 0], [0], [0, 1], 2, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => gradient.Collect([], [], [], 0, []));
    }

    private static void Run(ComputeTeam team, EmbeddingGradient gradient, Step step, FloatBuffer destination, List<int> touched)
    {
        gradient.Collect(step.Tokens, step.Shards, step.Rows, step.ShardCount, touched);
        team.Run(thread => gradient.Sum(team, thread, step.Source.Pointer, step.Stride, Offset, destination.Pointer));
    }

    /// <summary>Entries of one step in (shard, t, plan row) order, their rows scattered over a buffer of garbage; some shards have none.</summary>
    private sealed class Step : IDisposable
    {
        private readonly int _vocabulary;
        private readonly int _rowSize;

        public Step(Random random, int vocabulary, int rowSize, int entries, int shards)
        {
            (_vocabulary, _rowSize, ShardCount, Stride) = (vocabulary, rowSize, shards, rowSize + Offset + 5);
            var absent = random.Next(shards + 1);
            Tokens = [.. Enumerable.Range(0, entries).Select(_ => random.Next(vocabulary) * random.Next(2))];
            Shards = [.. Enumerable.Range(0, entries).Select(_ => random.Next(shards)).Select(shard => shard == absent ? 0 : shard).Order()];
            Rows = [.. Enumerable.Range(0, entries)];
            random.Shuffle(Rows);
            Source = GarbageFloats.Of((entries + 1) * Stride);
            for (var row = 0; row < entries; row++)
                GarbageFloats.Fill(Source.Slice(row * Stride + Offset, rowSize), random);
        }

        public int ShardCount { get; }

        public int Stride { get; }

        public int[] Tokens { get; }

        public int[] Shards { get; }

        public int[] Rows { get; }

        public FloatBuffer Source { get; }

        public void Dispose() => Source.Dispose();

        public float[] Expected()
        {
            var all = new float[_vocabulary * _rowSize];
            for (var token = 0; token < _vocabulary; token++)
                Node(token, 0, ShardCount)?.CopyTo(all, token * _rowSize);
            return all;
        }

        private float[]? Node(int token, int first, int end)
        {
            if (end - first == 1)
                return Leaf(token, first);
            var half = 1;
            while (half * 2 < end - first)
                half *= 2;
            var (left, right) = (Node(token, first, first + half), Node(token, first + half, end));
            return left is null ? right : right is null ? left : [.. left.Zip(right, (a, b) => a + b)];
        }

        private float[]? Leaf(int token, int shard)
        {
            var entries = Enumerable.Range(0, Tokens.Length).Where(i => Tokens[i] == token && Shards[i] == shard).ToArray();
            if (entries.Length == 0)
                return null;
            var sum = new float[_rowSize];
            foreach (var entry in entries)
                for (var column = 0; column < _rowSize; column++)
                    sum[column] += Source.Span[Rows[entry] * Stride + Offset + column];
            return sum;
        }
    }
}
