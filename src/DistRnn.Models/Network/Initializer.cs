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
/// <param name="table">The tensors.</param>
/// <param name="kind">How parameters begin.</param>
/// <param name="scale">The scale of the kinds that have one.</param>
/// <param name="seed">The job's seed.</param>
/// <param name="parameters">The flat vector; gaps between tensors are left as they are.</param>
internal sealed class Initializer(ParameterTable table, InitializerKind kind, float scale, ulong seed, FloatBuffer parameters)
{
    // As pytorch-crf begins.
    private const float TransitionBound = 0.1f;

    private float[] _scratch = [];

    private enum Role
    {
        Embedding,
        Weight,
        RecurrentWeight,
        Bias,
        Transition,
    }

    /// <summary>Writes an embedding, [V, E].</summary>
    /// <param name="tensor">The tensor.</param>
    public void Embedding(TensorInfo tensor) => Write(tensor, Role.Embedding, tensor.Shape[1], tensor.Shape[0], 0);

    /// <summary>Writes the tensors of a recurrent layer in one direction.</summary>
    /// <param name="stack">The tensors.</param>
    /// <param name="panels">Gates and units.</param>
    /// <param name="inputs">Inputs.</param>
    /// <param name="forgetBias">What is added to an LSTM's forget gate bias.</param>
    public void Stack(StackTensors stack, PanelShape panels, int inputs, float forgetBias)
    {
        var units = panels.Units;
        Write(stack.WeightIh, Role.Weight, inputs, units, units);
        Write(stack.WeightHh, Role.RecurrentWeight, units, units, units);
        Write(stack.BiasIh, Role.Bias, units, units, units, forgetBias);
        Write(stack.BiasHh, Role.Bias, units, units, units);
        foreach (var peephole in new[] { stack.PeepholeI, stack.PeepholeF, stack.PeepholeO })
            if (peephole is not null)
                Write(peephole, Role.Weight, units, units, units);
    }

    /// <summary>Writes a dense layer: a weight [outputs, inputs], or one vector [inputs], and its bias.</summary>
    /// <param name="weight">The weight.</param>
    /// <param name="bias">The bias, or null without.</param>
    public void Dense(TensorInfo weight, TensorInfo? bias)
    {
        var (inputs, outputs) = (weight.Shape[^1], weight.Shape.Length > 1 ? weight.Shape[0] : 1);
        Write(weight, Role.Weight, inputs, outputs, inputs);
        if (bias is not null)
            Write(bias, Role.Bias, inputs, outputs, inputs);
    }

    /// <summary>Writes the transitions of a conditional random field of L classes; [L, L] counts as a weight of L inputs and outputs, and so do beginning and ending.</summary>
    /// <param name="tensors">The transitions.</param>
    public void Transitions(CrfTensors tensors)
    {
        var classes = tensors.Start.Shape[0];
        foreach (var tensor in (TensorInfo[])[tensors.Start, tensors.End, tensors.Scores])
            Write(tensor, Role.Transition, classes, classes, classes);
    }

    private void Write(TensorInfo tensor, Role role, int inputs, int outputs, int pytorchSize, float forgetBias = 0)
    {
        var count = checked((int)tensor.Count);
        var values = tensor.Layout == TensorLayout.RowMajor ? parameters.Slice(tensor.Offset, count) : Scratch(count);
        Draw(new Philox(seed, PhiloxPurpose.Initialize, (ulong)table.Tensors.IndexOf(tensor)), role, inputs, outputs, pytorchSize, values);
        if (forgetBias != 0)
            foreach (ref var bias in values.Slice(outputs, outputs))
                bias += forgetBias;
        if (tensor.Layout != TensorLayout.RowMajor)
            ParameterTable.Import(tensor, values, parameters);
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
        switch (kind)
        {
            case InitializerKind.PyTorch when role == Role.Embedding:
                Normal(chance, 1, values);
                break;
            case InitializerKind.PyTorch when role == Role.Transition:
                Uniform(chance, TransitionBound, values);
                break;
            case InitializerKind.PyTorch:
                Uniform(chance, (float)(1 / Math.Sqrt(pytorchSize)), values);
                break;
            case InitializerKind.Uniform:
                Uniform(chance, scale, values);
                break;
            case InitializerKind.Orthogonal or InitializerKind.Xavier or InitializerKind.Normal when role == Role.Bias:
                values.Clear();
                break;
            case InitializerKind.Normal:
                Normal(chance, scale, values);
                break;
            case InitializerKind.Orthogonal when role == Role.RecurrentWeight:
                for (var gate = 0; gate < values.Length / (inputs * inputs); gate++)
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
