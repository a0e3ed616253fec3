using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

public sealed class WordVectorPartsTests
{
    [Fact]
    public void HuffmanTree_AnyCounts_IsAPrefixCodeOfTheLeastLength()
    {
        var random = new Random(7);
        for (var round = 0; round < 20; round++)
        {
            var counts = Enumerable.Range(0, 2 + random.Next(60)).Select(_ => random.NextInt64(1, 500)).Prepend(0).ToArray();
            var tree = new HuffmanTree([.. counts]);
            var codes = Enumerable.Range(1, counts.Length - 1).Select(word => string.Concat(tree.BitsOf(word).ToArray().Select(bit => bit ? '1' : '0'))).ToArray();

            Assert.True(tree.NodesOf(0).IsEmpty);
            Assert.Equal(counts.Length - 2, tree.InnerNodes);
            Assert.Equal(codes.Max(code => code.Length), tree.LongestPath);
            Assert.DoesNotContain(codes, code => codes.Any(other => !ReferenceEquals(code, other) && other.StartsWith(code, StringComparison.Ordinal)));
            Assert.Equal(LeastLength(counts.Where(count => count > 0)), codes.Select((code, i) => counts[i + 1] * code.Length).Sum());
            for (var word = 1; word < counts.Length; word++)
                Assert.Equal(tree.InnerNodes - 1, tree.NodesOf(word)[0]);
        }
    }

    [Fact]
    public void HuffmanTree_AKnownText_HasItsCodes()
    {
        var tree = new HuffmanTree([5, 2, 1, 1]);

        Assert.Equal([2], tree.NodesOf(0).ToArray());
        Assert.Equal([2, 1], tree.NodesOf(1).ToArray());
        Assert.Equal([2, 1, 0], tree.NodesOf(2).ToArray());
        Assert.Equal([2, 1, 0], tree.NodesOf(3).ToArray());
        Assert.NotEqual(tree.BitsOf(2)[2], tree.BitsOf(3)[2]);
    }

    [Fact]
    public void UnigramSampler_AnyCounts_HasTheirPowers()
    {
        long[] counts = [0, 0, 10_000, 500, 500, 30, 1, 1];
        var sampler = new UnigramSampler([.. counts]);
        var total = counts.Sum(count => count == 0 ? 0 : Math.Pow(count, 0.75));

        for (var word = 0; word < counts.Length; word++)
            Assert.Equal(counts[word] == 0 ? 0 : Math.Pow(counts[word], 0.75) / total, sampler.ProbabilityOf(word), 12);
    }

    [Fact]
    public void UnigramSampler_ManyDraws_AreAsProbableAsTheTableSays()
    {
        const int Draws = 200_000;
        long[] counts = [0, 400, 90, 30, 7, 2];
        var sampler = new UnigramSampler([.. counts]);
        var chance = new Philox(3, PhiloxPurpose.NegativeSampling, 1);
        var drawn = new int[counts.Length];

        for (var i = 0; i < Draws; i++)
            drawn[sampler.Draw(chance, (ulong)i)]++;

        for (var word = 0; word < counts.Length; word++)
        {
            var probability = sampler.ProbabilityOf(word);
            Assert.Equal(probability, (double)drawn[word] / Draws, 5 * Math.Sqrt(probability * (1 - probability) / Draws));
        }
    }

    [Fact]
    public void Initialize_ASeed_IsThatOfWord2Vec()
    {
        var model = new WordVectorModel(new WordVectorOptions { Counts = [4, 3, 2], Dimensions = 50 });
        using var parameters = GarbageFloats.Of(model.Parameters.Count);

        model.Initialize(5, parameters);

        var input = parameters.Slice(model.In.Offset, 150).ToArray();
        Assert.All(input, value => Assert.InRange(value, -0.01f, 0.01f));
        Assert.True(input.Distinct().Count() > 140);
        Assert.All(parameters.Slice(model.Out.Offset, 150).ToArray(), value => Assert.Equal(0, value));
        Assert.Equal(["in.weight", "out.weight"], model.Parameters.Tensors.Select(tensor => tensor.Name));
        Assert.All(model.Parameters.Tensors, tensor => Assert.True(tensor.SparseRows));
    }

    [Fact]
    public void WordVectorModel_HierarchicalSoftmax_HasARowAnInnerNode()
    {
        var model = new WordVectorModel(new WordVectorOptions { Counts = [0, 4, 3, 2], Dimensions = 5, Output = WordVectorOutput.HierarchicalSoftmax });

        Assert.Equal([2, 5], model.Out.Shape);
        Assert.Throws<ArgumentException>(() => new WordVectorModel(new WordVectorOptions { Counts = [0, 4] }));
    }

    private static long LeastLength(IEnumerable<long> counts)
    {
        var (queue, sum) = (new PriorityQueue<long, long>(counts.Select(count => (count, count))), 0L);
        while (queue.Count > 1)
        {
            var joined = queue.Dequeue() + queue.Dequeue();
            sum += joined;
            queue.Enqueue(joined, joined);
        }
        return sum;
    }
}
