using System.Collections.Immutable;
using DistRnn.Numerics;
using DistRnn.Optimizers;

namespace DistRnn.Protocol.Tests;

/// <summary>A parameter server and what it is told, for one partition of one run of four shards without lanes.</summary>
internal sealed unsafe class ServerHarness : IDisposable
{
    public static readonly NodeId Self = new("server", 1);
    public static readonly NodeId Copy = new("copy", 1);
    public static readonly NodeId OtherCopy = new("other-copy", 1);
    public static readonly NodeId Head = new("head", 1);
    public static readonly NodeId NextHead = new("head", 2);
    public static readonly NodeId Worker = new("worker", 1);
    public static readonly RunKey Run = new("run", 0);
    public static readonly PartitionKey Key = new(Run, 0, 1);

    public ServerHarness() => Machine = new ParameterServerMachine(Self, new PartitionArithmetic(SequentialRunner.Instance), new ParameterServerOptions());

    public ParameterServerMachine Machine { get; }

    public static PartitionSpec Spec { get; } = MakeSpec();

    public static PartitionLayout Layout { get; } = new PartitionMap(Spec.Table, Spec.Partitions).Layouts[0];

    public PartitionHolding Holding => Machine.Holdings.Single();

    public static PartitionContent Content(long version) => new(
        version, new FloatBuffer(Layout.Count), new OptimizerState(Spec.Rule, Layout.Count), [], ReadOnlyMemory<byte>.Empty, []);

    public static PartitionAssignment Assignment(long term, ImmutableArray<NodeId> replicas, string codec = "none") => new(Key, term, Spec with { Codec = codec }, 0, replicas, ReadOnlyMemory<byte>.Empty);

    public static StepDecision Decision(long term, long step) => new(Run, term, step, true, 0.5f, 0.1, false, ReadOnlyMemory<byte>.Empty);

    public static GradientPush Push(int first, int count, float value, long step = 0, long attempt = 1)
    {
        var buffer = new FloatBuffer(Layout.Count);
        for (var i = 0; i < buffer.Count; i++)
            buffer.Span[i] = value * (1 + (i % 7)) / 3;
        var part = new GradientPart(Layout, buffer.Pointer, [], false, buffer.Dispose);
        return new GradientPush(Key, new StepAddress(0, step, step), new TreeNode(first, count), attempt, new NodeSums(value, count, count, 0, count), part, [], 0, 0);
    }

    /// <summary>What the machine sends when a message comes.</summary>
    public ImmutableArray<IMessage> Receive(NodeId from, IMessage message) =>
        [.. Machine.Handle(new Received(from, message), TimeSpan.Zero).Effects.OfType<SendTo>().Select(send => send.Message)];

    /// <summary>Makes it the owner at version 0, under term 1.</summary>
    public ServerHarness Own(NodeId? replica = null, string codec = "none") => Own(replica is { } node ? [node] : ImmutableArray<NodeId>.Empty, codec);

    /// <summary>Makes it the owner at version 0, under term 1.</summary>
    public ServerHarness Own(ImmutableArray<NodeId> replicas, string codec = "none")
    {
        Receive(Head, new PromiseRequest(Run, 1));
        Receive(Head, Assignment(1, replicas, codec));
        Receive(Head, new PartitionSeed(Key, Content(0), null));
        return this;
    }

    /// <summary>Makes it a copy at a version, of an owner whose term is 1.</summary>
    public ServerHarness Follow(long version)
    {
        Receive(Head, new PromiseRequest(Run, 1));
        Receive(Self, new PartitionSeed(Key, Content(version), Assignment(1, [])));
        return this;
    }

    /// <summary>Gives it the gradients of all shards.</summary>
    public ImmutableArray<IMessage> PushAll(long step = 0) => [.. Enumerable.Range(0, 4).SelectMany(shard => Receive(Worker, Push(shard, 1, shard + 0.1f, step)))];

    public float[] Floats()
    {
        var reply = Receive(Worker, new ParameterRequest(Holding.Key, Holding.Version, true, [], false, [])).OfType<ParameterReply>().Single();
        return new ReadOnlySpan<float>(reply.Parameters.Values, (int)Layout.Count).ToArray();
    }

    public void Dispose() => Machine.Dispose();

    private static PartitionSpec MakeSpec()
    {
        var table = new ParameterTable.Builder();
        table.AddRowMajor("out.bias", [40]);
        return new PartitionSpec(table.Build(), 1, 4, false, UpdateRule.Parse("sgd"), "none", ConsistencyPolicy.Synchronous);
    }
}
