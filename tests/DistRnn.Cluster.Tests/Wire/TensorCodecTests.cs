using System.Collections.Immutable;
using DistRnn.Numerics;
using DistRnn.Protocol;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>Messages with tensors as frames: what arrives is what was sent, in as many bytes as the run's codec takes.</summary>
public sealed unsafe class TensorCodecTests
{
    private static readonly NodeId s_worker = new("akka.tcp://distrnn@machine-1:4053", 1);
    private static readonly NodeId s_server = new("akka.tcp://distrnn@machine-2:4053", 2);
    private static readonly PartitionMap s_partitions = new(Table(), 2);
    private static readonly float[] s_pinned = GC.AllocateArray<float>(20_000, pinned: true);
    private static readonly ImmutableArray<LanePart> s_lanes = [new(4, [1.5f, -2.5f, 3.5f])];

    [Theory]
    [InlineData("none", 0)]
    [InlineData("none", 1)]
    [InlineData("bf16", 0)]
    [InlineData("bf16", 1)]
    [InlineData("top-k(0.05)", 0)]
    [InlineData("top-k(0.05)", 1)]
    public void TryRead_OfAGradientThatWasWritten_GivesItsBits(string text, int partition)
    {
        using var pool = new DataBufferPool(1 << 24);
        var (codec, layout) = (Codec.Parse(text), s_partitions.Layouts[partition]);
        fixed (float* values = Values(codec, layout))
        {
            var part = new GradientPart(layout, values, Rows(layout), false, null);
            var key = new PartitionKey(new RunKey("run", 0), partition, 1);
            ITensorMessage[] messages =
            [
                Push(key, part),
                new ReplicaShard(key, 7, Push(key, part)),
                new ReplicaGradient(key, new GradientReport(key, 3, new NodeSums(1, 2, 3, 4, 5), [], []), part, s_lanes),
            ];
            foreach (var message in messages)
            {
                var isEncoded = codec.Kind != CodecKind.None && (message is not ReplicaGradient || codec.IsReproducible);
                using var lease = Write(message, codec, pool, out var header)!;
                Assert.Equal(isEncoded ? (byte)codec.Kind : 0, header.Codec);
                // Rows are numbered in the head; three floats are of a lane.
                var most = (isEncoded ? part.BytesIn(codec) : part.ContentBytes) - 4 * Rows(layout).Sum(rows => rows.Length) + 12;
                Assert.InRange(lease.PayloadBytes, codec.Kind == CodecKind.TopK ? 1 : most, most);
                Assert.True(TensorCodec.TryReadHead(lease.Prefix, out var head));
                Assert.True(TensorCodec.TryRead(head, lease, _ => new RunTensors(s_partitions, codec), pool, out var read, out var refusal), refusal);
                var (gradient, lanes) = read switch
                {
                    GradientPush push => (push.Gradient, push.Lanes),
                    ReplicaShard shard => (shard.Push.Gradient, shard.Push.Lanes),
                    ReplicaGradient replica => (replica.Gradient, replica.Lanes),
                    _ => throw new InvalidOperationException(read.GetType().Name),
                };
                Assert.Equal(part.Digest(), gradient.Digest());
                Assert.Equal(s_lanes[0].Values.AsSpan(), lanes[0].Values.AsSpan());
                read.Release();
            }
        }
    }

    [Fact]
    public void Write_OfAnAbsentGradient_EncodesNothing()
    {
        using var pool = new DataBufferPool(1 << 24);
        var key = new PartitionKey(new RunKey("run", 0), 0, 1);
        using var lease = Write(Push(key, GradientPart.Absent(s_partitions.Layouts[0])), Codec.Bfloat16, pool, out var header)!;
        Assert.Equal((0L, 12L), (header.Codec, lease.PayloadBytes));
        Assert.True(TensorCodec.TryReadHead(lease.Prefix, out var head));
        Assert.True(TensorCodec.TryRead(head, lease, _ => new RunTensors(s_partitions, Codec.Bfloat16), pool, out var read, out _));
        Assert.True(((GradientPush)read).Gradient.IsAbsent);
    }

    [Theory]
    [InlineData("none", "codec of number 1; allowed here is none")]
    [InlineData("int8", "codec of number 1; allowed here is int8")]
    [InlineData(null, "is not known here yet")]
    public void TryRead_InAnotherCodecThanTheRuns_IsRefusedInASentence(string? known, string words)
    {
        using var pool = new DataBufferPool(1 << 24);
        using var lease = Write(Push(), Codec.Bfloat16, pool, out _)!;
        Assert.True(TensorCodec.TryReadHead(lease.Prefix, out var head));
        Assert.False(TensorCodec.TryRead(head, lease, _ => known is null ? null : new RunTensors(s_partitions, Codec.Parse(known)), pool, out _, out var refusal));
        Assert.Contains(words, refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(1UL << 40)]
    [InlineData(ulong.MaxValue)]
    [InlineData(ulong.MaxValue - 3)]
    [InlineData(16)]
    public void TryRead_WithALengthThatCannotBe_IsRefusedAndNoMemoryIsKept(ulong bytes)
    {
        using var pool = new DataBufferPool(1 << 24);
        using (var lease = Write(Push(), Codec.Bfloat16, pool, out _)!)
        {
            Assert.True(TensorCodec.TryReadHead(lease.Prefix, out var head));
            var body = Wire.GradientPush.Parser.ParseFrom(head.Body);
            body.Gradient.EncodedBytes = bytes;
            head.Body = Google.Protobuf.MessageExtensions.ToByteString(body);
            Assert.False(TensorCodec.TryRead(head, lease, _ => new RunTensors(s_partitions, Codec.Bfloat16), pool, out _, out var refusal));
            Assert.Contains("is refused", refusal, StringComparison.Ordinal);
        }
        Assert.Equal(0, pool.BytesLent);
    }

    [Fact]
    public void TryRead_WithLanesThatCannotBe_IsRefusedAndNoMemoryIsKept()
    {
        using var pool = new DataBufferPool(1 << 24);
        using (var lease = Write(Push(), Codec.Bfloat16, pool, out _)!)
        {
            Assert.True(TensorCodec.TryReadHead(lease.Prefix, out var head));
            var body = Wire.GradientPush.Parser.ParseFrom(head.Body);
            body.Lanes[0].Floats = 4;
            head.Body = Google.Protobuf.MessageExtensions.ToByteString(body);
            Assert.False(TensorCodec.TryRead(head, lease, _ => new RunTensors(s_partitions, Codec.Bfloat16), pool, out _, out var refusal));
            Assert.Contains("ends 1 floats early", refusal, StringComparison.Ordinal);
        }
        Assert.Equal(0, pool.BytesLent);
    }

    private static GradientPush Push()
    {
        var layout = s_partitions.Layouts[1];
        var memory = (float*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(s_pinned));
        return Push(new PartitionKey(new RunKey("run", 0), 1, 1), new GradientPart(layout, memory, Rows(layout), false, null));
    }

    private static GradientPush Push(PartitionKey key, GradientPart part) =>
        new(key, new StepAddress(1, 2, 3), new TreeNode(4, 1), 55, new NodeSums(1, 2, 3, 4, 5), part, s_lanes, 0.5f, 0.1);

    private static DataLease? Write(ITensorMessage message, Codec codec, DataBufferPool pool, out DataHeader header) =>
        TensorCodec.Write(s_worker, s_server, NodeRoles.ParameterServer, message, _ => new RunTensors(s_partitions, codec), pool, out header);

    private static ImmutableArray<ImmutableArray<int>> Rows(PartitionLayout layout) => [.. layout.Sparse.Select(section => ImmutableArray.Create(section.FirstRow, section.EndRow - 1))];

    /// <summary>A partition's floats as a worker has them: what the codec loses is lost.</summary>
    private static float[] Values(Codec codec, PartitionLayout layout)
    {
        var chance = new Philox(1, PhiloxPurpose.Shuffle, 0);
        var values = new float[layout.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = chance.Uniform((ulong)i) - 0.5f;
        if (codec.Kind == CodecKind.Bfloat16)
            Bfloat16.Round(values);
        if (codec.Kind == CodecKind.TopK)
        {
            for (var i = 0; i < values.Length; i++)
                values[i] = i % 50 == 7 || layout.Sparse.Any(section => layout.First + i >= section.First && layout.First + i < section.First + section.Count) ? values[i] : 0;
        }
        return values;
    }

    private static ParameterTable Table()
    {
        var table = new ParameterTable.Builder();
        table.AddRowMajor("embedding", [100, 30], sparseRows: true);
        table.AddRowMajor("weights", [301, 50]);
        return table.Build();
    }
}
