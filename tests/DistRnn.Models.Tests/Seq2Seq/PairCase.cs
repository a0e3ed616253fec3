using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>An encoder-decoder, its parameters, and a step's shards, all drawn from a seed.</summary>
internal sealed class PairCase : IDisposable
{
    public PairCase(int seed)
        : this(seed, OptionsOf(new Random(seed)))
    {
    }

    public PairCase(int seed, EncoderDecoderOptions options)
    {
        var random = new Random(seed + 1);
        Options = options;
        Network = new EncoderDecoder(Options);
        Tensors = RandomNetwork.Tensors(Network.Parameters, random);
        Parameters = new FloatBuffer(Network.Parameters.Count);
        ReferenceForm.Import(Network.Parameters, Tensors, Parameters);
        Shards = ShardsOf(1 + random.Next(6), random);
        OtherShards = ShardsOf(7, random);
        Key = new StepKey((ulong)random.NextInt64(), random.Next(1000));
    }

    public EncoderDecoderOptions Options { get; }

    public EncoderDecoder Network { get; }

    public Dictionary<string, double[]> Tensors { get; }

    public FloatBuffer Parameters { get; }

    public SequenceBatch[] Shards { get; }

    /// <summary>Others, and more of them, to leave garbage in working memory.</summary>
    public SequenceBatch[] OtherShards { get; }

    public StepKey Key { get; }

    public Reference.ReferencePairOptions ReferenceOptions => new()
    {
        SourceVocabulary = Options.SourceVocabulary,
        TargetVocabulary = Options.TargetVocabulary,
        Embedding = Options.Embedding,
        Cells = ReferenceForm.Of(EncoderDecoder.EncoderOptionsOf(Options)),
        DecoderHidden = Options.DecoderUnits,
        Score = Options.Attention switch
        {
            AttentionKind.None => DistRnn.Reference.ReferenceScore.None,
            AttentionKind.Dot => DistRnn.Reference.ReferenceScore.Dot,
            AttentionKind.ScaledDot => DistRnn.Reference.ReferenceScore.ScaledDot,
            AttentionKind.General => DistRnn.Reference.ReferenceScore.General,
            _ => DistRnn.Reference.ReferenceScore.Additive,
        },
        Combine = Options.Combine == CombineKind.Tanh,
        Feeds = Options.Feeds,
        FullBridge = Options.Bridge == BridgeKind.Full,
        Peek = Options.Peek,
        Unknown = (Options.SourceUnknown, Options.TargetUnknown),
    };

    /// <summary>Any encoder-decoder that the options allow, small enough to be checked by plain loops.</summary>
    public static EncoderDecoderOptions OptionsOf(Random random)
    {
        var cell = Pick(random, Enum.GetValues<CellKind>());
        var attention = Pick(random, Enum.GetValues<AttentionKind>());
        int[] hidden = [.. Enumerable.Range(0, 1 + random.Next(3)).Select(_ => 1 + random.Next(random.Next(3) == 0 ? 70 : 20))];
        var both = random.Next(2) == 0;
        var added = both && attention is not (AttentionKind.Dot or AttentionKind.ScaledDot) && random.Next(2) == 0;
        return new EncoderDecoderOptions
        {
            SourceVocabulary = 1 + random.Next(30),
            TargetVocabulary = 2 + random.Next(random.Next(3) == 0 ? 150 : 12),
            Embedding = 1 + random.Next(20),
            Cell = cell,
            Activation = Pick(random, Enum.GetValues<Activation>()),
            Peepholes = cell == CellKind.Lstm && random.Next(2) == 0,
            ResetAfter = random.Next(2) == 0,
            Hidden = [.. hidden],
            Bidirectional = both,
            DecoderHidden = added ? [.. hidden] : [],
            Attention = attention,
            Combine = Pick(random, Enum.GetValues<CombineKind>()),
            InputFeeding = random.Next(3) > 0,
            Bridge = Pick(random, Enum.GetValues<BridgeKind>()),
            Peek = random.Next(2) == 0,
            Dropout = random.Next(2) == 0 ? DropoutOptions.None : new DropoutOptions(0.25f, 0.3f, 0.4f, 0.2f),
            TargetUnknown = 1,
        };
    }

    public Reference.ReferenceResult Reference(int shard, bool dropout) =>
        new Reference.ReferenceEncoderDecoder(ReferenceOptions, Tensors).Compute(PairsOf(Shards[shard]), dropout ? Masks(shard) : null);

    public static List<Reference.ReferencePair> PairsOf(SequenceBatch shard) => [.. Enumerable.Range(0, shard.Rows).Select(row =>
    {
        var target = shard.TargetSequences;
        return new Reference.ReferencePair(
            shard.Tokens(0).Slice(shard.Offsets[row], shard.LengthOf(row)).ToArray(),
            target.Tokens(0).Slice(target.Offsets[row], target.LengthOf(row)).ToArray(),
            target.Targets.Slice(target.Offsets[row], target.LengthOf(row)).ToArray());
    })];

    public Gradient Compute(INetworkComputer computer, int start, int end, ShardResult[] results)
    {
        var gradient = new Gradient(Network.Parameters);
        computer.ComputeGradient(Key, start, Shards.AsSpan(start..end), null, null, gradient, results.AsSpan(start..end));
        return gradient;
    }

    /// <summary>Computes something else first, so that working memory and the gradient hold what must not matter.</summary>
    public Gradient ComputeInUsedMemory(INetworkComputer computer, ShardResult[] results)
    {
        var gradient = new Gradient(Network.Parameters);
        computer.ComputeGradient(Key, 3, OtherShards, null, null, gradient, new ShardResult[OtherShards.Length]);
        computer.ComputeGradient(Key, 0, Shards, null, null, gradient, results);
        return gradient;
    }

    public void Dispose() => Parameters.Dispose();

    private static T Pick<T>(Random random, T[] values) => values[random.Next(values.Length)];

    private SequenceBatch[] ShardsOf(int count, Random random) =>
        [.. Enumerable.Range(0, count).Select(shard => ShardOf(shard > 0 && random.Next(6) == 0 ? 0 : 1 + random.Next(4), random))];

    private SequenceBatch ShardOf(int rows, Random random)
    {
        var batch = new SequenceBatch();
        batch.Reset([.. Enumerable.Range(0, rows).Select(_ => 1 + random.Next(random.Next(8) == 0 ? 70 : 7))], 1, 0, TargetKind.SequencePerSequence);
        foreach (ref var token in batch.Tokens(0))
            token = random.Next(Options.SourceVocabulary);
        var target = batch.TargetSequences;
        target.Reset([.. Enumerable.Range(0, rows).Select(_ => 1 + random.Next(6))], 1, 0, TargetKind.ClassPerStep);
        foreach (ref var token in target.Tokens(0))
            token = random.Next(Options.TargetVocabulary);
        for (var i = 0; i < target.Targets.Length; i++)
            target.Targets[i] = i > 0 && random.Next(6) == 0 ? -1 : random.Next(Options.TargetVocabulary);
        return batch;
    }

    private Reference.ReferencePairMasks Masks(int shard)
    {
        var dropout = Options.Dropout;
        return new Reference.ReferencePairMasks
        {
            SourceEmbedding = (row, step, unit) => Factor(DropoutMasks.EmbeddingTag, dropout.Embedding, row, step, unit),
            TargetEmbedding = (row, step, unit) => Factor(DropoutMasks.EmbeddingTag + DecoderLoop.DropoutTags, dropout.Embedding, row, step, unit),
            EncoderLayer = (layer, row, step, unit) => Factor(
                DropoutMasks.LayerTag(layer + 1) | (unit < Options.Hidden[layer] ? 0 : 0x8000_0000), dropout.Layers, row, step, unit % Options.Hidden[layer]),
            DecoderLayer = (layer, row, step, unit) => Factor(DropoutMasks.LayerTag(layer + 1) + DecoderLoop.DropoutTags, dropout.Layers, row, step, unit),
            Output = (row, step, unit) => Factor(DropoutMasks.OutputTag + DecoderLoop.DropoutTags, dropout.Output, row, step, unit),
            SourceWord = (row, step) => DropoutMasks.DropsWord(Key, DropoutMasks.RowKey(step, shard, row), dropout.Words),
            TargetWord = (row, step) => DropoutMasks.DropsWord(Key, DropoutMasks.RowKey(step + DropoutMasks.StepsMax / 2, shard, row), dropout.Words),
        };

        unsafe double Factor(uint tag, float rate, int row, int step, int unit)
        {
            var factors = stackalloc float[unit + 1];
            new Span<float>(factors, unit + 1).Fill(1);
            DropoutMasks.Apply(Key, DropoutMasks.RowKey(step, shard, row), tag, rate, factors, unit + 1);
            return factors[unit];
        }
    }
}
