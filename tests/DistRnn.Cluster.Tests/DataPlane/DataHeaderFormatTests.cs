using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>The bytes of headers: they never change, only grow.</summary>
public sealed class DataHeaderFormatTests
{
    private const string Golden =
        "44524E5001008000100200000001000010325476 98BADCFEEFCDAB8967452301 0300000005000000 0700000000000000 CB04FB711F010000 0010000000000000 " +
        "0800000004000000 6300000000000000 0800000000000000 2A00000000000000 EFCDAB0000000000 04000000 06000000 0000000000000000 ";

    private static readonly DataPlaneLimits s_limits = new() { PrefixBytesMax = 1000, PayloadBytesMax = 10_000 };

    private static readonly byte[] s_prefix = [1, 2, 3, 4];

    [Fact]
    public void Write_EveryField_IsTheGolden()
    {
        var bytes = new byte[DataHeaderFormat.Bytes];
        DataHeaderFormat.Write(Frames.Full, s_prefix, bytes);
        Assert.Equal(Golden.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexString(bytes[..120]));
        Assert.Equal(GoldenChecksum, Convert.ToHexString(bytes[120..]));
    }

    private const string GoldenChecksum = "D949708BEDFBECB8";

    [Fact]
    public void Read_WhatWasWritten_IsTheSame()
    {
        var bytes = new byte[DataHeaderFormat.Bytes];
        DataHeaderFormat.Write(Frames.Full, s_prefix, bytes);
        Assert.Equal(RefusalReason.None, DataHeaderFormat.Read(bytes, s_limits, out var header, out var length));
        Assert.Equal(Frames.Full, header);
        Assert.Equal(DataHeaderFormat.Bytes, length);
        Assert.True(DataHeaderFormat.IsIntact(bytes, s_prefix));
    }

    [Fact]
    public void IsIntact_AnyBitTurnedOver_IsFalse()
    {
        var bytes = new byte[DataHeaderFormat.Bytes + s_prefix.Length];
        DataHeaderFormat.Write(Frames.Full, s_prefix, bytes);
        s_prefix.CopyTo(bytes, DataHeaderFormat.Bytes);
        for (var bit = 0; bit < 8 * bytes.Length; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(DataHeaderFormat.IsIntact(bytes.AsSpan(0, DataHeaderFormat.Bytes), bytes.AsSpan(DataHeaderFormat.Bytes)), $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [InlineData(0, 0x45, RefusalReason.NoFrame)]
    [InlineData(4, 2, RefusalReason.OtherVersion)]
    [InlineData(4, 0, RefusalReason.OtherVersion)]
    [InlineData(6, 0x7F, RefusalReason.HeaderLength)]
    [InlineData(7, 0x7F, RefusalReason.HeaderLength)]
    [InlineData(8, 0, RefusalReason.UnknownKind)]
    [InlineData(8, 12, RefusalReason.UnknownKind)]
    [InlineData(8, 200, RefusalReason.UnknownKind)]
    [InlineData(8, (int)DataKind.Reply, RefusalReason.BadHeader)]
    [InlineData(8, (int)DataKind.Credit, RefusalReason.PayloadTooLong)]
    [InlineData(35, 0x80, RefusalReason.BadHeader)]
    [InlineData(55, 0x80, RefusalReason.BadHeader)]
    [InlineData(83, 0x7F, RefusalReason.PayloadTooLong)]
    [InlineData(87, 0x7F, RefusalReason.PayloadTooLong)]
    [InlineData(87, 0x80, RefusalReason.BadHeader)]
    [InlineData(106, 1, RefusalReason.PrefixTooLong)]
    [InlineData(107, 0x80, RefusalReason.BadHeader)]
    public void Read_AByteThatCannotBe_IsRefusedWithItsReason(int at, int value, object reason)
    {
        var bytes = new byte[DataHeaderFormat.Bytes];
        DataHeaderFormat.Write(Frames.Full, s_prefix, bytes);
        bytes[at] = (byte)value;
        Assert.Equal(reason, DataHeaderFormat.Read(bytes, s_limits, out _, out _));
    }

    [Fact]
    public void Read_FewerBytesThanAHeader_IsNoFrame() => Assert.Equal(RefusalReason.NoFrame, DataHeaderFormat.Read(new byte[127], s_limits, out _, out _));

    [Fact]
    public void SentenceOf_EveryReason_IsASentenceOfItsOwn()
    {
        var sentences = Enum.GetValues<RefusalReason>().Select(RefusalReasons.SentenceOf).ToArray();
        Assert.All(sentences, sentence => Assert.EndsWith(".", sentence, StringComparison.Ordinal));
        Assert.Equal(sentences.Length, sentences.Distinct().Count());
        Assert.All(Enum.GetValues<RefusalReason>(), reason => Assert.InRange((int)reason, 0, RefusalReasons.Count - 1));
    }

    [Fact]
    public void Reply_ToAFrame_KeepsItsNodeAndSaysWhatItAnswers()
    {
        var reply = Frames.Full.Reply(DataOutcome.Refused, RefusalReason.LateStep);
        Assert.Equal((DataKind.Reply, DataKind.GradientPush, DataOutcome.Refused, RefusalReason.LateStep), (reply.Kind, reply.Answers, reply.Outcome, reply.Reason));
        Assert.Equal((8, 4, 99L, 1234567890123L), (reply.FirstShard, reply.ShardCount, reply.Attempt, reply.Step));
    }
}
