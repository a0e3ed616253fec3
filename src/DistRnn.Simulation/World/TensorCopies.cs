using DistRnn.Numerics;
using DistRnn.Optimizers;
using DistRnn.Protocol;

namespace DistRnn.Simulation;

/// <summary>Messages with memory of their own, as if they had been written to a connection: what the sender does with its floats afterwards changes nothing.</summary>
internal static unsafe class TensorCopies
{
    /// <summary>A copy of a message; one without tensors is itself.</summary>
    /// <param name="message">The message.</param>
    public static IMessage Of(IMessage message) => message switch
    {
        ParameterReply reply => reply with { Parameters = Of(reply.Parameters, reply.HasDense) },
        GradientPush push => Of(push),
        ReplicaGradient gradient => gradient with { Gradient = Of(gradient.Gradient, true) },
        ReplicaShard shard => shard with { Push = Of(shard.Push) },
        PartitionSeed seed => seed with { Content = Of(seed.Content) },
        _ => message,
    };

    /// <summary>A copy of a partition's content.</summary>
    /// <param name="content">The content.</param>
    public static PartitionContent Of(PartitionContent content)
    {
        var parameters = new FloatBuffer(content.Parameters.Count);
        parameters.CopyFrom(content.Parameters);
        var optimizer = new OptimizerState(content.Optimizer.Rule, content.Optimizer.Count) { Scalars = content.Optimizer.Scalars };
        for (var i = 0; i < optimizer.Vectors.Length; i++)
            optimizer.Vectors[i].CopyFrom(content.Optimizer.Vectors[i]);
        return content with { Parameters = parameters, Optimizer = optimizer };
    }

    private static GradientPush Of(GradientPush push) => push with { Gradient = Of(push.Gradient, true) };

    private static GradientPart Of(GradientPart part, bool hasDense)
    {
        if (part.IsAbsent)
            return GradientPart.Absent(part.Layout);
        var buffer = new FloatBuffer(part.Layout.Count);
        // What was not sent must not be read: it is nothing that could be added without being noticed.
        buffer.Span.Fill(float.NaN);
        if (hasDense)
            foreach (var section in part.Layout.Dense)
                Copy(part, buffer, section.First, section.Count);
        for (var i = 0; i < part.Rows.Length; i++)
        {
            foreach (var row in part.Rows[i])
            {
                var (first, count) = part.Layout.Sparse[i].RowRange(row);
                Copy(part, buffer, first, count);
            }
        }
        return new GradientPart(part.Layout, buffer.Pointer, part.Rows, false, buffer.Dispose);
    }

    private static void Copy(GradientPart part, FloatBuffer buffer, long first, long count) =>
        Buffer.MemoryCopy(part.At(first), buffer.Pointer + (first - part.Layout.First), count * sizeof(float), count * sizeof(float));
}
