using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DistRnn.Cluster.Wire;
using DistRnn.Protocol;
using Google.Protobuf;
using StepDecision = DistRnn.Protocol.StepDecision;

namespace DistRnn.Cluster;

/// <summary>What messages are made of, between the protocol's records and the schema's. Reading checks every number that a machine relies on.</summary>
internal static class WireParts
{
    private const int NameLengthMax = 512;

    public static Node Of(NodeId node) => new() { Address = node.Address, Life = node.Life };

    public static ImmutableArray<NodeId> NodesOf(IReadOnlyCollection<Node> nodes)
    {
        Below(nodes.Count - 1, Protocol.PartitionAssignment.ReplicasMax, -1);
        return [.. nodes.Select(NodeOf)];
    }

    public static NodeId NodeOf(Node? node) => new(Text(Needed(node).Address), node!.Life);

    public static RunLife Of(RunKey run) => new() { Name = run.Run, Incarnation = run.Incarnation };

    public static RunKey RunOf(RunLife? run) => new(Text(Needed(run).Name), NotNegative(run!.Incarnation));

    public static PartitionName Of(PartitionKey key) => new() { Run = Of(key.Run), Index = key.Index, OwnerEpoch = key.OwnerEpoch };

    public static PartitionKey KeyOf(PartitionName? key) => new(RunOf(Needed(key).Run), Below(key!.Index, PartitionMap.PartitionsMax), NotNegative(key.OwnerEpoch));

    public static ShardRange Of(TreeNode node) => new() { First = node.First, Count = node.Count };

    public static TreeNode TreeNodeOf(ShardRange? node)
    {
        var (first, count) = (NotNegative(Needed(node).First), node!.Count);
        return count >= 1 && first <= int.MaxValue - count ? new TreeNode(first, count) : throw new WireException($"The shards {first} and {count} more are no range.");
    }

    public static StepPlace Of(StepAddress address) => new() { Epoch = address.Epoch, StepInEpoch = address.StepInEpoch, Step = address.Step };

    public static StepAddress AddressOf(StepPlace? place) => new(NotNegative(Needed(place).Epoch), NotNegative(place!.StepInEpoch), NotNegative(place.Step));

    public static ShardSums Of(NodeSums sums) => new() { Loss = sums.Loss, Targets = sums.Targets, Sequences = sums.Sequences, Correct = sums.Correct, Tokens = sums.Tokens };

    public static NodeSums SumsOf(ShardSums? sums) =>
        new(Needed(sums).Loss, NotNegative(sums!.Targets), NotNegative(sums.Sequences), NotNegative(sums.Correct), NotNegative(sums.Tokens));

    public static IEnumerable<Owner> Of(ImmutableArray<PartitionOwner> owners) => owners.Select(owner => new Owner { Node = Of(owner.Node), OwnerEpoch = owner.OwnerEpoch });

    public static ImmutableArray<PartitionOwner> OwnersOf(IReadOnlyCollection<Owner> owners)
    {
        Below(owners.Count - 1, PartitionMap.PartitionsMax, -1);
        return [.. owners.Select(owner => new PartitionOwner(NodeOf(owner.Node), NotNegative(owner.OwnerEpoch)))];
    }

    public static BlockNorm Of(BlockSum sum) => new() { First = sum.First, Count = sum.Count, Value = sum.Value };

    public static BlockSum BlockSumOf(BlockNorm norm) =>
        norm.Count >= 1 && norm.First >= 0 && norm.First <= int.MaxValue - norm.Count ? new BlockSum(norm.First, norm.Count, norm.Value) : throw new WireException($"The blocks {norm.First} and {norm.Count} more are no range.");

    public static Entered Of(EnteredNode node) => new()
    {
        Node = Of(node.Node),
        Attempt = node.Attempt,
        Worker = Of(node.Worker),
        DigestHigh = (ulong)(node.Digest >> 64),
        DigestLow = (ulong)node.Digest,
    };

    public static EnteredNode EnteredOf(Entered? node) => new(TreeNodeOf(Needed(node).Node), node!.Attempt, NodeOf(node.Worker), new UInt128(node.DigestHigh, node.DigestLow));

    public static Decision Of(StepDecision decision) => new()
    {
        Run = Of(decision.Run),
        Term = decision.Term,
        Step = decision.Step,
        IsApplied = decision.IsApplied,
        Factor = decision.Factor,
        LearningRate = decision.LearningRate,
        BeginsEpochNext = decision.BeginsEpochNext,
        Position = Of(decision.Position),
    };

    public static StepDecision DecisionOf(Decision? decision) => new(
        RunOf(Needed(decision).Run), TermOf(decision!.Term), NotNegative(decision.Step), decision.IsApplied, decision.Factor, decision.LearningRate, decision.BeginsEpochNext, decision.Position.Memory);

    public static Holding Of(PartitionHolding holding) => new()
    {
        Key = Of(holding.Key),
        IsOwner = holding.IsOwner,
        Version = holding.Version,
        IsWhole = holding.IsWhole,
        HoldsRoot = holding.HoldsRoot,
        Replicas = { holding.Replicas.Select(Of) },
        LastDecision = holding.LastDecision is { } decision ? Of(decision) : null,
        Position = Of(holding.Position),
        Description = Of(holding.Description),
    };

    public static PartitionHolding HoldingOf(Holding holding) => new(
        KeyOf(holding.Key), holding.IsOwner, Version(holding.Version), holding.IsWhole, holding.HoldsRoot, NodesOf(holding.Replicas),
        holding.LastDecision is { } decision ? DecisionOf(decision) : null, holding.Position.Memory, holding.Description.Memory);

    public static IEnumerable<Rows> Of(ImmutableArray<ImmutableArray<int>> rows) => rows.Select(section => new Rows { Numbers = OfNumbers(section) });

    public static ImmutableArray<ImmutableArray<int>> RowsOf(IEnumerable<Rows> rows) => [.. rows.Select(section => Ascending(NumbersOf(section.Numbers)))];

    public static ByteString OfNumbers(ImmutableArray<int> numbers) => ByteString.CopyFrom(MemoryMarshal.AsBytes(numbers.AsSpan()));

    public static ImmutableArray<int> NumbersOf(ByteString bytes) =>
        bytes.Length % sizeof(int) == 0 ? [.. MemoryMarshal.Cast<byte, int>(bytes.Span)] : throw new WireException($"{bytes.Length} bytes are no whole numbers.");

    public static ByteString Of(ReadOnlyMemory<byte> bytes) => UnsafeByteOperations.UnsafeWrap(bytes);

    public static T Needed<T>(T? part)
        where T : class => part ?? throw new WireException($"A {typeof(T).Name} is missing.");

    public static string Text(string text) => text.Length <= NameLengthMax ? text : throw new WireException($"A name has {text.Length} characters; {NameLengthMax} are allowed.");

    public static long TermOf(long value) => value is >= 0 and <= Terms.Max ? value : throw new WireException($"{value} is no term: 0 to {Terms.Max} are.");

    public static int NotNegative(int value) => value >= 0 ? value : throw new WireException($"{value} is negative.");

    public static long NotNegative(long value) => value >= 0 ? value : throw new WireException($"{value} is negative.");

    /// <summary>A version, or -1 for none.</summary>
    public static long Version(long value) => value >= -1 ? value : throw new WireException($"{value} is no version.");

    public static int Below(int value, int bound, int min = 0) => value >= min && value < bound ? value : throw new WireException($"{value} is not from {min} to {bound - 1}.");

    /// <summary>Checks that numbers ascend, each once, from 0.</summary>
    public static ImmutableArray<int> Ascending(ImmutableArray<int> numbers)
    {
        var last = -1;
        foreach (var number in numbers)
        {
            if (number <= last)
                throw new WireException($"{number} follows {last}; numbers ascend.");
            last = number;
        }
        return numbers;
    }
}
