using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>Tests that count allocations have the process to themselves.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationCollection;

/// <summary>After the largest shards have been seen once, computing allocates nothing: not on the caller's thread, nor on the team's, nor outside the heap.</summary>
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    private const int Steps = 5;

    // Left to the runtime's own threads. An object in each of the 15 calls, of the 24 bytes that the smallest takes, would be more.
    private const long OtherThreadsBytesMax = 256;

    public static TheoryData<CellKind, HeadKind, bool> Networks =>
        [.. Enum.GetValues<CellKind>().SelectMany(_ => Enum.GetValues<HeadKind>(), (cell, head) => (cell, head)).SelectMany(_ => new[] { false, true }, (pair, both) => (pair.cell, pair.head, both))];

    [Theory]
    [MemberData(nameof(Networks))]
    public void ComputeGradient_AfterWarmUp_AllocatesNothing(CellKind cell, HeadKind head, bool bidirectional)
    {
        var random = new Random(3);
        var options = new NetworkOptions
        {
            Vocabularies = [40, 5],
            Embeddings = [12, 3],
            CharacterVocabulary = 9,
            Characters = 7,
            ValueSize = 2,
            ContextWindow = 3,
            Cell = cell,
            Peepholes = cell == CellKind.Lstm,
            ResetAfter = bidirectional,
            Hidden = [20, 17],
            Bidirectional = bidirectional,
            Head = head,
            Pooling = bidirectional ? Pooling.Attention : Pooling.Max,
            Outputs = 70,
            Dropout = new DropoutOptions(0.2f, 0.2f, 0.2f, 0.1f, 0.2f),
        };
        var network = new Network(options);
        using var team = new ComputeTeam(2);
        using var computer = new NetworkComputer(network, team);
        using var parameters = new FloatBuffer(network.Parameters.Count);
        using var gradient = new Gradient(network.Parameters);
        using var from = bidirectional ? null : new LaneState(options, 8);
        using var to = bidirectional ? null : new LaneState(options, 8);
        ReferenceForm.Import(network.Parameters, RandomNetwork.Tensors(network.Parameters, random), parameters);
        SequenceBatch[] large = [RandomNetwork.Shard(options, [9, 7, 9, 3], random), RandomNetwork.Shard(options, [9, 9, 2, 9], random)];
        SequenceBatch[] small = [RandomNetwork.Shard(options, [4, 1, 6], random), RandomNetwork.Shard(options, [2], random)];
        var results = new ShardResult[2];
        var predictions = new Predictions();
        Run();
        Run();
        var (outside, here, all) = (computer.AllocatedBytes, GC.GetAllocatedBytesForCurrentThread(), GC.GetTotalAllocatedBytes(precise: true));
        for (var step = 0; step < Steps; step++)
            Run();
        var (hereAfter, allAfter) = (GC.GetAllocatedBytesForCurrentThread(), GC.GetTotalAllocatedBytes(precise: true));

        Assert.Equal(0, hereAfter - here);
        Assert.InRange(allAfter - all, 0, OtherThreadsBytesMax);
        Assert.Equal(outside, computer.AllocatedBytes);

        void Run()
        {
            computer.SetParameters(parameters);
            computer.ComputeGradient(new StepKey(1, 2), 0, large, from, to, gradient, results);
            computer.ComputeGradient(new StepKey(1, 3), 0, small, from, to, gradient, results);
            computer.Predict(large[0], from, to, predictions);
        }
    }
}
