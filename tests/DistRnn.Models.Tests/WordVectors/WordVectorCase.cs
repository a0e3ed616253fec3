using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>A model of word vectors, its parameters and a step's shards, all drawn from a seed; and what the reference says of them.</summary>
internal sealed class WordVectorCase : IDisposable
{
    public WordVectorCase(int seed)
    {
        var random = new Random(seed);
        var words = 5 + random.Next(40);
        var options = new WordVectorOptions
        {
            Counts = [0, 0, .. Enumerable.Range(0, words).Select(_ => 1 + random.NextInt64(1000))],
            Dimensions = 1 + random.Next(seed % 3 == 0 ? 150 : 40),
            Algorithm = (WordVectorAlgorithm)(seed % 2),
            Output = (WordVectorOutput)(seed / 2 % 2),
            Negatives = 1 + random.Next(20),
        };
        Model = new WordVectorModel(options);
        Parameters = new FloatBuffer(Model.Parameters.Count);
        foreach (var tensor in Model.Parameters.Tensors)
            foreach (ref var value in Parameters.Slice(tensor.Offset, (int)tensor.Count))
                value = random.NextSingle() - 0.5f;
        Key = new StepKey((ulong)random.NextInt64(), random.Next(1000));
        Shards = [.. Enumerable.Range(0, 1 + random.Next(6)).Select(_ => Shard(options, random))];
        OtherShards = [.. Enumerable.Range(0, 7).Select(_ => Shard(options, random))];
    }

    public WordVectorModel Model { get; }

    public FloatBuffer Parameters { get; }

    public StepKey Key { get; }

    public SequenceBatch[] Shards { get; }

    /// <summary>Others, and more of them, to leave garbage in working memory.</summary>
    public SequenceBatch[] OtherShards { get; }

    public Dictionary<string, double[]> Tensors => ReferenceForm.Of(Model.Parameters, Parameters);

    public Gradient Compute(WordVectorComputer computer, int start, int end, ShardResult[] results)
    {
        var gradient = new Gradient(Model.Parameters);
        computer.ComputeGradient(Key, 3, OtherShards, null, null, gradient, new ShardResult[OtherShards.Length]);
        computer.ComputeGradient(Key, start, Shards.AsSpan(start..end), null, null, gradient, results.AsSpan(start..end));
        return gradient;
    }

    /// <summary>What a shard asks, found in the plainest way from the sampler and the tree.</summary>
    public List<Reference.ReferenceContext> Contexts(int number)
    {
        var (options, shard, contexts) = (Model.Options, Shards[number], new List<Reference.ReferenceContext>());
        var sampling = new WordVectorSampling(options);
        var negatives = new int[sampling.Shared];
        for (var row = 0; row < shard.Rows; row++)
        {
            if (row % WordVectorGroups.CentresMax == 0)
                sampling.Fill(Key, number, row / WordVectorGroups.CentresMax, 0, negatives);
            var centre = shard.Targets[row];
            var decisions = options.Output == WordVectorOutput.HierarchicalSoftmax ? Path(centre)
                : [new(centre, true, 1), .. negatives.Where(word => word != centre).Select(word => new Reference.ReferenceDecision(word, false, (double)options.Negatives / negatives.Length))];
            var words = shard.Tokens(0).Slice(shard.Offsets[row], shard.LengthOf(row)).ToArray();
            if (options.Algorithm == WordVectorAlgorithm.Cbow)
                contexts.Add(new(words, decisions));
            else
                contexts.AddRange(words.Select(word => new Reference.ReferenceContext([word], decisions)));
        }
        return contexts;
    }

    public void Dispose() => Parameters.Dispose();

    private static SequenceBatch Shard(WordVectorOptions options, Random random)
    {
        var shard = new SequenceBatch();
        var rows = random.Next(4) == 0 ? 0 : 1 + random.Next(30);
        shard.Reset([.. Enumerable.Range(0, rows).Select(_ => 1 + random.Next(8))], 1, 0, TargetKind.ClassPerSequence);
        foreach (ref var word in shard.Tokens(0))
            word = 2 + random.Next(options.Counts.Length - 2);
        for (var row = 0; row < rows; row++)
            (shard.Targets[row], shard.RowIds[row]) = (2 + random.Next(options.Counts.Length - 2), random.Next(100_000));
        return shard;
    }

    private List<Reference.ReferenceDecision> Path(int centre)
    {
        var tree = new HuffmanTree(Model.Options.Counts);
        return [.. Enumerable.Range(0, tree.NodesOf(centre).Length).Select(i => new Reference.ReferenceDecision(tree.NodesOf(centre)[i], !tree.BitsOf(centre)[i], 1))];
    }
}
