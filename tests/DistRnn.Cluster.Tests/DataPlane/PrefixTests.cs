using System.Buffers.Binary;
using DistRnn.Protocol;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>The typed prefixes: their bytes, and that what is not one is refused.</summary>
public sealed class PrefixTests
{
    private const string TensorGolden =
        "01000200010000000100000000000000" + "00000000000000000010000000000000" + "00200000000000000100000000000000" +
        "000000000000F83F0300000000000000020000000000000001000000000000000400000000000000" + "03000000020000000800000000000000" + "0500000009000000";

    private const string SnapshotGolden =
        "01000000010000000A00000000000000000000000000E03F000000000000D03F" + "02000000010000000400000000000000080000000000000010000000000000" + "00";

    [Fact]
    public void Tensor_Written_IsTheGoldenAndReadBack()
    {
        var bytes = Tensor();
        Assert.Equal(TensorGolden, Convert.ToHexString(bytes));
        Assert.True(TensorPrefix.TryRead(bytes, out var prefix));
        Assert.Equal([new FloatRange(0, 4096), new FloatRange(8192, 1)], prefix.Ranges.ToArray());
        Assert.Equal([new NodeSums(1.5, 3, 2, 1, 4)], prefix.Sums.ToArray());
        Assert.Equal(1, prefix.RowSetCount);
        Assert.Equal((3, 8L), (prefix.RowSet(0).Tensor, prefix.RowSet(0).FloatCount));
        Assert.Equal([5, 9], prefix.RowSet(0).Rows.ToArray());
        Assert.Equal(4096 + 1 + 8, prefix.FloatCount);
    }

    [Fact]
    public void Tensor_SeveralRowSets_EachHasItsRows()
    {
        var bytes = new byte[TensorPrefix.BytesOf(0, 0, 3, 3)];
        var writer = new TensorPrefixWriter(bytes, 0, 0, 3, 3);
        writer.Add(1, 4, [7]);
        writer.Add(2, 0, []);
        writer.Add(5, 9, [0, int.MaxValue]);
        Assert.True(TensorPrefix.TryRead(bytes, out var prefix));
        Assert.Equal([7], prefix.RowSet(0).Rows.ToArray());
        Assert.Empty(prefix.RowSet(1).Rows.ToArray());
        Assert.Equal([0, int.MaxValue], prefix.RowSet(2).Rows.ToArray());
        Assert.Equal(13, prefix.FloatCount);
    }

    [Theory]
    [InlineData(0, 2)] // another version
    [InlineData(2, 3)] // more ranges than there are
    [InlineData(4, 2)] // more row sets
    [InlineData(9, 1)] // 257 shards
    [InlineData(11, 0x80)] // a negative number of shards
    [InlineData(23, 0x80)] // a range that begins below 0
    [InlineData(33, 0x08)] // the second range begins inside the first
    [InlineData(31, 0x80)] // a range of fewer than no floats
    [InlineData(40, 0)] // an empty range
    [InlineData(63, 0x80)] // fewer than no targets
    [InlineData(91, 0x80)] // a negative tensor
    [InlineData(92, 3)] // more rows than follow
    [InlineData(96, 1)] // fewer floats than rows
    [InlineData(104, 9)] // the same row twice
    [InlineData(107, 0x80)] // a negative row
    public void Tensor_AByteThatCannotBe_IsRefused(int at, int value)
    {
        var bytes = Tensor();
        bytes[at] = (byte)value;
        Assert.False(TensorPrefix.TryRead(bytes, out _));
    }

    [Fact]
    public void Tensor_AnyCut_IsRefused()
    {
        var bytes = Tensor();
        for (var length = 0; length < bytes.Length; length++)
            Assert.False(TensorPrefix.TryRead(bytes.AsSpan(0, length), out _), $"{length} bytes");
    }

    [Fact]
    public void Snapshot_Written_IsTheGoldenAndReadBack()
    {
        var piece = new SnapshotPiece(SnapshotPart.Optimizer, 1, 4, 8, 16);
        var bytes = new byte[SnapshotPrefix.BytesOf(1)];
        SnapshotPrefix.Write(10, 0.5, 0.25, [piece], bytes);
        Assert.Equal(SnapshotGolden, Convert.ToHexString(bytes));
        Assert.True(SnapshotPrefix.TryRead(bytes, out var prefix));
        Assert.Equal((10L, 0.5, 0.25, 8L), (prefix.Updates, prefix.Beta1Power, prefix.Beta2Power, prefix.FloatCount));
        Assert.Equal([piece], prefix.Pieces.ToArray());
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(4, 2)]
    [InlineData(7, 0x80)]
    [InlineData(15, 0x80)]
    [InlineData(32, 9)]
    [InlineData(39, 0x80)]
    [InlineData(40, 9)]
    [InlineData(55, 0x80)]
    [InlineData(63, 0x80)]
    public void Snapshot_AByteThatCannotBe_IsRefused(int at, int value)
    {
        var bytes = new byte[SnapshotPrefix.BytesOf(1)];
        SnapshotPrefix.Write(10, 0.5, 0.25, [new SnapshotPiece(SnapshotPart.Optimizer, 1, 4, 8, 16)], bytes);
        bytes[at] = (byte)value;
        Assert.False(SnapshotPrefix.TryRead(bytes, out _));
    }

    [Fact]
    public void Blob_Written_IsTheGoldenAndReadBack()
    {
        var name = new byte[32];
        name.AsSpan().Fill(0xAB);
        var bytes = new byte[BlobPrefix.Bytes];
        BlobPrefix.Write(name, 16, 32, 64, bytes);
        Assert.Equal("0100000000000000" + new string('A', 0) + string.Concat(Enumerable.Repeat("AB", 32)) + "100000000000000020000000000000004000000000000000", Convert.ToHexString(bytes));
        Assert.True(BlobPrefix.TryRead(bytes, out var prefix));
        Assert.Equal((16L, 32L, 64L), (prefix.Offset, prefix.Count, prefix.Total));
        Assert.Equal(name, prefix.Sha256.ToArray());
    }

    [Fact]
    public void Blob_BytesBeyondItsEnd_AreRefused()
    {
        var bytes = new byte[BlobPrefix.Bytes];
        BlobPrefix.Write(new byte[32], 33, 32, 64, bytes);
        Assert.False(BlobPrefix.TryRead(bytes, out _));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(40), long.MaxValue);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(56), 0);
        Assert.False(BlobPrefix.TryRead(bytes, out _));
    }

    [Fact]
    public void Prefixes_RandomBytes_AreReadWithoutAnError()
    {
        var random = new Random(1);
        var read = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = i % 2 == 0 ? Tensor() : new byte[random.Next(200)];
            if (i % 2 == 0)
            {
                for (var j = random.Next(4); j >= 0; j--)
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }
            else
            {
                random.NextBytes(bytes);
            }
            if (TensorPrefix.TryRead(bytes, out var prefix))
            {
                read++;
                Assert.True(prefix.FloatCount >= 0);
                for (var set = 0; set < prefix.RowSetCount; set++)
                    Assert.True(prefix.RowSet(set).Rows.Length <= bytes.Length / 4);
            }
            SnapshotPrefix.TryRead(bytes, out _);
            BlobPrefix.TryRead(bytes, out _);
            Greeting.TryRead(bytes, out _);
        }
        Assert.InRange(read, 1, 19_999);
    }

    private static byte[] Tensor()
    {
        var bytes = new byte[TensorPrefix.BytesOf(2, 1, 1, 2)];
        var writer = new TensorPrefixWriter(bytes, 2, 1, 1, 2);
        writer.Add(new FloatRange(0, 4096));
        writer.Add(new FloatRange(8192, 1));
        writer.Add(new NodeSums(1.5, 3, 2, 1, 4));
        writer.Add(3, 8, [5, 9]);
        return bytes;
    }
}
