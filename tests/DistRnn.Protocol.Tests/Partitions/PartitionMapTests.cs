using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Protocol.Tests;

/// <summary>How the parameter vector is cut for the servers that share it.</summary>
public sealed class PartitionMapTests
{
    [Theory]
    [InlineData(1_000, 1, 1)]
    [InlineData(1_000, 4, 4)]
    [InlineData(1_500_000, 1, 1)]
    [InlineData(1_600_000, 1, 2)]
    [InlineData(4_650_000, 1, 4)]
    [InlineData(4_650_000, 2, 4)]
    [InlineData(4_650_000, 3, 3)]
    [InlineData(19_800_000, 1, 4)]
    [InlineData(19_800_000, 2, 8)]
    [InlineData(19_800_000, 7, 21)]
    [InlineData(1_000, 5_000, PartitionMap.PartitionsMax)]
    public void CountFor_AVector_IsAMultipleOfTheServersThatGrowsWithIt(int floats, int servers, int expected) => Assert.Equal(expected, PartitionMap.CountFor(TableOf(floats), servers));

    [Theory]
    [InlineData(4_650_000, 2)]
    [InlineData(19_800_000, 3)]
    public void Layouts_OfAsManyAsSuitTheServers_GiveEachAsMuchAndCoverTheVector(int floats, int servers)
    {
        var table = TableOf(floats);
        var map = new PartitionMap(table, PartitionMap.CountFor(table, servers));
        var shares = map.Layouts.GroupBy(layout => layout.Index % servers, layout => layout.Count).Select(share => share.Sum()).ToArray();
        Assert.Equal(servers, shares.Length);
        Assert.InRange(shares.Max() - shares.Min(), 0, map.Count * ParameterTable.BlockCount);
        Assert.Equal(table.Count, shares.Sum());
        Assert.All(map.Layouts.Zip(map.Layouts.Skip(1)), pair => Assert.Equal(pair.First.First + pair.First.Count, pair.Second.First));
    }

    private static ParameterTable TableOf(int floats)
    {
        var builder = new ParameterTable.Builder();
        builder.AddRowMajor("weight", [floats]);
        return builder.Build();
    }
}
