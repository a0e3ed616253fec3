using System.Collections.Immutable;
using DistRnn.Cluster.Wire;
using DistRnn.Numerics;
using DistRnn.Optimizers;
using DistRnn.Protocol;
using PartitionSeed = DistRnn.Protocol.PartitionSeed;

namespace DistRnn.Cluster;

/// <summary>The floats of messages as a payload: of a part, its dense sections and then the rows that are present; of lanes, one shard after another.</summary>
internal static unsafe class TensorParts
{
    /// <summary>What the head says of a part whose floats stand as they are.</summary>
    public static Floats Of(GradientPart part, bool hasDense)
    {
        var wire = new Floats { IsAbsent = part.IsAbsent, HasDense = hasDense && !part.IsAbsent };
        if (!part.IsAbsent)
            wire.Rows.AddRange(WireParts.Of(part.Rows));
        return wire;
    }

    /// <summary>What the head says of a gradient, its dense sections encoded where the codec does that. How long they are is filled in when they have been written.</summary>
    public static Floats Of(GradientPart gradient, Codec codec)
    {
        var isEncoded = IsEncoded(gradient, codec);
        var wire = Of(gradient, !isEncoded);
        if (isEncoded)
            (wire.Codec, wire.EncodedBytes) = ((int)codec.Kind, ulong.MaxValue);
        return wire;
    }

    /// <summary>Floats of a gradient's payload, at most.</summary>
    public static long CountOf(GradientPart gradient, Codec codec) =>
        IsEncoded(gradient, codec) ? CountOf(gradient, false) + DenseEncoding.EstimateBytes(gradient.Layout, codec) / sizeof(float) : CountOf(gradient, true);

    /// <summary>Writes a gradient.</summary>
    /// <param name="gradient">The gradient.</param>
    /// <param name="codec">The codec.</param>
    /// <param name="to">Where to.</param>
    /// <param name="wire">What the head says of it; takes the length of what was encoded.</param>
    public static void Write(GradientPart gradient, Codec codec, ref FloatCursor to, Floats wire)
    {
        Write(gradient, wire.HasDense, ref to);
        if (wire.Codec == 0)
            return;
        var bytes = DenseEncoding.Encode(gradient, codec, (byte*)to.Next);
        to.Take(bytes / sizeof(float));
        wire.EncodedBytes = (ulong)bytes;
    }

    private static bool IsEncoded(GradientPart gradient, Codec codec) => codec.Kind != CodecKind.None && !gradient.IsAbsent && gradient.Layout.DenseCount > 0;

    public static IEnumerable<Lanes> Of(ImmutableArray<LanePart> lanes) => lanes.Select(lane => new Lanes { Shard = lane.Shard, Floats = lane.Values.Length });

    public static long CountOf(GradientPart part, bool hasDense)
    {
        if (part.IsAbsent)
            return 0;
        var floats = hasDense ? part.Layout.DenseCount : 0;
        for (var i = 0; i < part.Rows.Length; i++)
        {
            foreach (var row in part.Rows[i])
                floats += part.Layout.Sparse[i].RowRange(row).Count;
        }
        return floats;
    }

    public static long CountOf(ImmutableArray<LanePart> lanes) => lanes.Sum(lane => (long)lane.Values.Length);

    public static void Write(GradientPart part, bool hasDense, ref FloatCursor to)
    {
        if (part.IsAbsent)
            return;
        if (hasDense)
        {
            foreach (var section in part.Layout.Dense)
                to.Write(part.At(section.First), section.Count);
        }
        for (var i = 0; i < part.Rows.Length; i++)
        {
            foreach (var row in part.Rows[i])
            {
                var (first, count) = part.Layout.Sparse[i].RowRange(row);
                to.Write(part.At(first), count);
            }
        }
    }

    public static void Write(ImmutableArray<LanePart> lanes, ref FloatCursor to)
    {
        foreach (var lane in lanes)
        {
            fixed (float* values = lane.Values.AsSpan())
                to.Write(values, lane.Values.Length);
        }
    }

    public static void Write(PartitionContent content, ref FloatCursor to)
    {
        to.Write(content.Parameters.Pointer, content.Parameters.Count);
        foreach (var vector in content.Optimizer.Vectors)
            to.Write(vector.Pointer, vector.Count);
        Write(content.Lanes, ref to);
    }

    /// <summary>Reads a part. Where the partition has no sparse section and nothing is encoded the floats stay where they are; otherwise they are put in their places.</summary>
    /// <param name="wire">What the head says.</param>
    /// <param name="layout">The partition.</param>
    /// <param name="codec">The codec in which its dense sections may be; none where they may not.</param>
    /// <param name="from">The payload.</param>
    /// <param name="payload">Whose memory the payload is; the part holds on to it where it stays there.</param>
    /// <param name="buffers">Where other memory comes from.</param>
    public static GradientPart PartOf(Floats? wire, PartitionLayout layout, Codec codec, ref FloatCursor from, DataLease payload, DataBufferPool buffers)
    {
        if (WireParts.Needed(wire).IsAbsent)
            return GradientPart.Absent(layout);
        var rows = WireParts.RowsOf(wire!.Rows);
        CheckRows(rows, layout);
        if (wire.Codec != 0 && (wire.Codec != (int)codec.Kind || wire.HasDense))
            throw new WireException($"Its floats are in the codec of number {wire.Codec}; allowed here is {codec} ({(int)codec.Kind}).");
        if (layout.Sparse.Length == 0 && wire.HasDense)
            return new GradientPart(layout, from.Take(layout.Count), rows, false, payload.Retain().Dispose);
        var memory = buffers.TryLease(0, layout.Count * sizeof(float)) ?? throw new WireException("There is no memory for it at present.");
        try
        {
            Put(rows, wire.HasDense, layout, ref from, (float*)memory.Address - layout.First);
            if (wire.Codec != 0)
                Decode(wire.EncodedBytes, layout, codec, ref from, (float*)memory.Address);
            return new GradientPart(layout, (float*)memory.Address, rows, false, memory.Dispose);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    public static ImmutableArray<LanePart> LanesOf(IEnumerable<Lanes> lanes, ref FloatCursor from)
    {
        var parts = ImmutableArray.CreateBuilder<LanePart>();
        foreach (var lane in lanes)
        {
            var values = from.Take(lane.Floats);
            parts.Add(new LanePart(WireParts.NotNegative(lane.Shard), [.. new ReadOnlySpan<float>(values, checked((int)lane.Floats))]));
        }
        return parts.ToImmutable();
    }

    public static PartitionContent ContentOf(Wire.PartitionSeed wire, PartitionLayout layout, ref FloatCursor from)
    {
        if (wire.Floats != layout.Count)
            throw new WireException($"Partition {layout.Index} has {layout.Count} floats, not {wire.Floats}.");
        var rule = UpdateRule.Parse(wire.Rule, wire.WeightDecay);
        var lanes = wire.Lanes.Sum(lane => WireParts.NotNegative(lane.Floats));
        var source = from.Take(layout.Count * (1 + rule.StateCount) + lanes);
        var content = new FloatCursor(source, layout.Count * (1 + rule.StateCount) + lanes);
        var parameters = new FloatBuffer(layout.Count);
        var optimizer = new OptimizerState(rule, layout.Count) { Scalars = new UpdateScalars(WireParts.NotNegative(wire.Updates), wire.Beta1Power, wire.Beta2Power) };
        content.Read(parameters.Pointer, layout.Count);
        foreach (var vector in optimizer.Vectors)
            content.Read(vector.Pointer, layout.Count);
        return new PartitionContent(
            WireParts.NotNegative(wire.Version), parameters, optimizer, LanesOf(wire.Lanes, ref content), wire.Position.Memory,
            [.. wire.AppliedShards.Select(shard => (WireParts.NotNegative(shard.Step), WireParts.NotNegative(shard.Shard)))]);
    }

    public static Wire.PartitionSeed Of(PartitionSeed message)
    {
        var (content, scalars) = (message.Content, message.Content.Optimizer.Scalars);
        var wire = new Wire.PartitionSeed
        {
            Key = WireParts.Of(message.Key),
            Version = content.Version,
            Floats = content.Parameters.Count,
            Rule = content.Optimizer.Rule.ToString(),
            WeightDecay = content.Optimizer.Rule.WeightDecay,
            Updates = scalars.Updates,
            Beta1Power = scalars.Beta1Power,
            Beta2Power = scalars.Beta2Power,
            Position = WireParts.Of(content.Position),
            Assignment = message.Assignment is { } assignment ? CoordinatorWire.Of(assignment) : null,
            LastDecision = message.LastDecision is { } decision ? WireParts.Of(decision) : null,
        };
        wire.Lanes.AddRange(Of(content.Lanes));
        wire.AppliedShards.AddRange(content.AppliedShards.Select(shard => new StepShard { Step = shard.Step, Shard = shard.Shard }));
        return wire;
    }

    private static void Decode(ulong bytes, PartitionLayout layout, Codec codec, ref FloatCursor from, float* values)
    {
        if (bytes % sizeof(float) != 0 || bytes / sizeof(float) > (ulong)from.Left)
            throw new WireException($"Its floats are said to be {bytes} bytes; {from.Left * sizeof(float)} are left, and it has to be a multiple of four.");
        if (!DenseEncoding.TryDecode((byte*)from.Take((long)bytes / sizeof(float)), (long)bytes, layout, codec, values, out var reason))
            throw new WireException(reason);
    }

    private static void CheckRows(ImmutableArray<ImmutableArray<int>> rows, PartitionLayout layout)
    {
        if (rows.Length != layout.Sparse.Length)
            throw new WireException($"There are rows for {rows.Length} sparse sections, and partition {layout.Index} has {layout.Sparse.Length}.");
        for (var i = 0; i < rows.Length; i++)
        {
            if (rows[i].Length > 0 && (rows[i][0] < layout.Sparse[i].FirstRow || rows[i][^1] >= layout.Sparse[i].EndRow))
                throw new WireException($"The rows {rows[i][0]} to {rows[i][^1]} are not all in partition {layout.Index}.");
        }
    }

    private static void Put(ImmutableArray<ImmutableArray<int>> rows, bool hasDense, PartitionLayout layout, ref FloatCursor from, float* vector)
    {
        if (hasDense)
        {
            foreach (var section in layout.Dense)
                from.Read(vector + section.First, section.Count);
        }
        for (var i = 0; i < rows.Length; i++)
        {
            foreach (var row in rows[i])
            {
                var (first, count) = layout.Sparse[i].RowRange(row);
                from.Read(vector + first, count);
            }
        }
    }
}
