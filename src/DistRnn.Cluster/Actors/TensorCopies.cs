using DistRnn.Numerics;
using DistRnn.Optimizers;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>Copies of what messages carry, for messages whose floats belong to somebody who goes on writing them.</summary>
internal static unsafe class TensorCopies
{
    /// <summary>A reply with floats of its own.</summary>
    /// <param name="reply">The reply, whose floats are the owner's.</param>
    /// <param name="buffers">Where memory comes from.</param>
    /// <returns>The copy, or null where there is no memory.</returns>
    public static ParameterReply? Of(ParameterReply reply, DataBufferPool buffers)
    {
        var part = reply.Parameters;
        if (part.IsAbsent || part.Layout.Count == 0)
            return reply;
        if (buffers.TryLease(0, part.Layout.Count * sizeof(float)) is not { } lease)
            return null;
        var values = (float*)lease.Address;
        Copy(part, reply.HasDense, values - part.Layout.First);
        return reply with { Parameters = new GradientPart(part.Layout, values, part.Rows, false, lease.Dispose) };
    }

    /// <summary>A partition's content with memory of its own.</summary>
    /// <param name="content">The content, which is the owner's.</param>
    public static PartitionContent Of(PartitionContent content)
    {
        var parameters = new FloatBuffer(content.Parameters.Count);
        parameters.CopyFrom(content.Parameters);
        var optimizer = new OptimizerState(content.Optimizer.Rule, content.Optimizer.Count) { Scalars = content.Optimizer.Scalars };
        for (var i = 0; i < optimizer.Vectors.Length; i++)
            optimizer.Vectors[i].CopyFrom(content.Optimizer.Vectors[i]);
        return content with { Parameters = parameters, Optimizer = optimizer };
    }

    /// <summary>Writes what is present of a part to its places.</summary>
    /// <param name="part">The part.</param>
    /// <param name="hasDense">Whether its dense sections are there.</param>
    /// <param name="vector">The first float of a whole vector; only places inside the partition are written.</param>
    public static void Copy(GradientPart part, bool hasDense, float* vector)
    {
        if (hasDense)
        {
            foreach (var section in part.Layout.Dense)
                Copy(part.At(section.First), vector + section.First, section.Count);
        }
        for (var i = 0; i < part.Rows.Length; i++)
        {
            foreach (var row in part.Rows[i])
            {
                var (first, count) = part.Layout.Sparse[i].RowRange(row);
                Copy(part.At(first), vector + first, count);
            }
        }
    }

    private static void Copy(float* from, float* to, long count) => Buffer.MemoryCopy(from, to, count * sizeof(float), count * sizeof(float));
}
