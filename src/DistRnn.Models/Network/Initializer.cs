using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// Draws a network's first parameters. Tensor i in PyTorch's order has a stream of its own, (seed, <see cref="PhiloxPurpose.Initialize"/>, i), and
/// its element k in PyTorch's layout is drawn at index k: so neither our layout nor another tensor's size moves a number.
/// </summary>
/// <remarks>
/// Where <see cref="InitializerKind"/> speaks of inputs and outputs: an embedding [V, E] has E inputs and V outputs, as in PyTorch; a peephole vector
/// [H] counts as the diagonal of an [H, H] weight.
/// </remarks>
/// <param name="network">The network.</param>
/// <param name="seed">The job's seed.</param>
internal sealed class Initializer(Network network, ulong seed)
{
    private readonly NetworkOptions _options = network.Options;
    private float[] _scratch = [];

    private enum Role
    {
        Embedding,
        Weight,
        RecurrentWeight,
        Bias,
    }

    /// <summary>Writes every tensor.</summary>
    /// <param name="parameters">The flat vector; gaps between tensors are left as they are.</param>
    public void WriteTo(FloatBuffer parameters)
    {
        var tensors = network.Parameters.Tensors;
        for (var column = 0; column < _options.Embeddings.Length; column++)
            Write(network.EmbeddingTensor(column), Role.Embedding, _options.Embeddings[column], _options.Vocabularies[column], 0);
        for (var layer = 0; layer < _options.Hidden.Length; layer++)
            for (var direction = 0; direction < _options.Directions; direction++)
                WriteStack(layer, direction);
        Write(tensors.IndexOf(network.HeadWeight), Role.Weight, network.TopSize, _options.Outputs, network.TopSize);
        Write(tensors.IndexOf(network.HeadBias), Role.Bias, network.TopSize, _options.Outputs, network.TopSize);

        void WriteStack(int layer, int direction)
        {
            var stack = network.Stack(layer, direction);
            var units = _options.Hidden[layer];
            Write(tensors.IndexOf(stack.WeightIh), Role.Weight, network.InputSizeOf(layer), units, units);
            Write(tensors.IndexOf(stack.WeightHh), Role.RecurrentWeight, units, units, units);
            Write(tensors.IndexOf(stack.BiasIh), Role.Bias, units, units, units, _options.ForgetBias);
            Write(tensors.IndexOf(stack.BiasHh), Role.Bias, units, units, units);
            foreach (var peephole in new[] { stack.PeepholeI, stack.PeepholeF, stack.PeepholeO })
                if (peephole is not null)
                    Write(tensors.IndexOf(peephole), Role.Weight, units, units, units);
        }

        void Write(int index, Role role, int inputs, int outputs, int pytorchSize, float forgetBias = 0)
        {
            var tensor = tensors[index];
            var count = checked((int)tensor.Count);
            var values = tensor.Layout == TensorLayout.RowMajor ? parameters.Slice(tensor.Offset, count) : Scratch(count);
            Draw(new Philox(seed, PhiloxPurpose.Initialize, (ulong)index), role, inputs, outputs, pytorchSize, values);
            if (forgetBias != 0)
                foreach (ref var bias in values.Slice(outputs, outputs))
                    bias += forgetBias;
            if (tensor.Layout != TensorLayout.RowMajor)
                ParameterTable.Import(tensor, values, parameters);
        }
    }

    private static void Uniform(Philox chance, float bound, Span<float> values)
    {
        for (var i = 0; i < values.Length; i++)
            values[i] = (2 * chance.Uniform((ulong)i) - 1) * bound;
    }

    private static void Normal(Philox chance, float deviation, Span<float> values)
    {
        for (var i = 0; i < values.Length; i++)
            values[i] = chance.Normal((ulong)i) * deviation;
    }

    private void Draw(Philox chance, Role role, int inputs, int outputs, int pytorchSize, Span<float> values)
    {
        switch (_options.Initializer)
        {
            case InitializerKind.PyTorch when role == Role.Embedding:
                Normal(chance, 1, values);
                break;
            case InitializerKind.PyTorch:
                Uniform(chance, (float)(1 / Math.Sqrt(pytorchSize)), values);
                break;
            case InitializerKind.Uniform:
                Uniform(chance, _options.InitializerScale, values);
                break;
            case InitializerKind.Orthogonal or InitializerKind.Xavier or InitializerKind.Normal when role == Role.Bias:
                values.Clear();
                break;
            case InitializerKind.Normal:
                Normal(chance, _options.InitializerScale, values);
                break;
            case InitializerKind.Orthogonal when role == Role.RecurrentWeight:
                for (var gate = 0; gate < network.Gates; gate++)
                    OrthogonalMatrix.Draw(chance, (ulong)(gate * inputs * inputs), inputs, values.Slice(gate * inputs * inputs, inputs * inputs));
                break;
            default:
                Uniform(chance, (float)Math.Sqrt(6.0 / ((double)inputs + outputs)), values);
                break;
        }
    }

    private Span<float> Scratch(int count)
    {
        if (_scratch.Length < count)
            _scratch = new float[count];
        return _scratch.AsSpan(0, count);
    }
}
