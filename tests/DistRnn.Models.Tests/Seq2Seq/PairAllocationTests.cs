using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>After the largest shards have been seen once, an encoder-decoder's steps allocate nothing.</summary>
[Collection(nameof(AllocationTests))]
public sealed class PairAllocationTests
{
    private const int Steps = 5;

    // As for other networks: left to the runtime's own threads.
    private const long OtherThreadsBytesMax = 256;

    public static TheoryData<AttentionKind, bool> Kinds =>
        [.. Enum.GetValues<AttentionKind>().SelectMany(_ => new[] { false, true }, (attention, both) => (attention, both))];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ComputeGradient_AfterWarmUp_AllocatesNothing(AttentionKind attention, bool bidirectional)
    {
        using var pairs = new PairCase(11, new EncoderDecoderOptions
        {
            SourceVocabulary = 30,
            TargetVocabulary = 70,
            Embedding = 12,
            Cell = bidirectional ? CellKind.Lstm : CellKind.Gru,
            Hidden = [20, 17],
            Bidirectional = bidirectional,
            Attention = attention,
            Peek = bidirectional,
            Dropout = new DropoutOptions(0.2f, 0.2f, 0.2f, 0.1f),
            TargetUnknown = 1,
        });
        using var team = new ComputeTeam(2);
        using var computer = pairs.Network.CreateComputer(team);
        using var gradient = new Gradient(pairs.Network.Parameters);
        var (results, predictions) = (new ShardResult[pairs.OtherShards.Length], new Predictions());
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
            computer.SetParameters(pairs.Parameters);
            computer.ComputeGradient(pairs.Key, 0, pairs.OtherShards, null, null, gradient, results);
            computer.ComputeGradient(pairs.Key, 0, pairs.Shards, null, null, gradient, results);
            computer.Predict(pairs.OtherShards[0], null, null, predictions);
        }
    }
}
