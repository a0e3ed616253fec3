using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>A network, its parameters, and a step's shards, all drawn from a seed.</summary>
internal sealed class NetworkCase : IDisposable
{
    private const int FirstShard = 0;

    public NetworkCase(int seed)
    {
        var random = new Random(seed);
        Options = RandomNetwork.Options(random);
        if (seed >= RandomNetwork.FirstRefined)
            Options = RandomNetwork.Refined(Options, seed, random);
        Network = new Network(Options);
        Tensors = RandomNetwork.Tensors(Network.Parameters, random);
        Parameters = new FloatBuffer(Network.Parameters.Count);
        ReferenceForm.Import(Network.Parameters, Tensors, Parameters);
        Shards = RandomNetwork.Shards(Options, 1 + random.Next(6), random);
        OtherShards = RandomNetwork.Shards(Options, 7, random);
        Key = new StepKey((ulong)random.NextInt64(), random.Next(1000));
        var lanes = Math.Max(Shards.Sum(shard => shard.Rows), OtherShards.Sum(shard => shard.Rows));
        if (Options.Bidirectional || random.Next(2) == 0)
            return;
        From = new LaneState(Options, lanes);
        RandomNetwork.Fill(From.Values.Span, random);
    }

    public NetworkOptions Options { get; }

    public Network Network { get; }

    public Dictionary<string, double[]> Tensors { get; }

    public FloatBuffer Parameters { get; }

    public SequenceBatch[] Shards { get; }

    /// <summary>Others, and more of them, to leave garbage in working memory.</summary>
    public SequenceBatch[] OtherShards { get; }

    public StepKey Key { get; }

    /// <summary>The lanes' states, or null where the case carries none.</summary>
    public LaneState? From { get; }

    public LaneState? NewState() => From is null ? null : new LaneState(Options, From.Lanes);

    public Reference.ReferenceResult Reference(int shard, bool dropout) =>
        new Reference.ReferenceNetwork(ReferenceForm.Of(Options), Tensors)
            .Compute(ReferenceForm.Of(Shards[shard], From, Options), dropout ? DropoutForm.Of(Options, Key, FirstShard + shard) : null);

    /// <summary>The gradient of neighbouring shards; <paramref name="results"/> and <paramref name="to"/> receive what belongs to them.</summary>
    public Gradient Compute(NetworkComputer computer, int start, int end, ShardResult[] results, LaneState? to)
    {
        var gradient = new Gradient(Network.Parameters);
        computer.ComputeGradient(Key, FirstShard + start, Shards.AsSpan(start..end), From, to, gradient, results.AsSpan(start..end));
        return gradient;
    }

    /// <summary>Computes something else first, so that working memory and the gradient hold what must not matter.</summary>
    public Gradient ComputeInUsedMemory(NetworkComputer computer, ShardResult[] results, LaneState? to)
    {
        var gradient = new Gradient(Network.Parameters);
        using (var other = NewState())
            computer.ComputeGradient(Key, 3, OtherShards, From, other, gradient, new ShardResult[OtherShards.Length]);
        computer.ComputeGradient(Key, FirstShard, Shards, From, to, gradient, results);
        return gradient;
    }

    public void Dispose()
    {
        Parameters.Dispose();
        From?.Dispose();
    }
}
