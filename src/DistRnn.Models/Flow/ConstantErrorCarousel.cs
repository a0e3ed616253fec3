using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// The idea inside the LSTM with all its gates left off (Hochreiter and Schmidhuber 1997): c_t = c_(t-1) + a_t with a_t = W_in x_t + b, so that
/// dc_t/dc_(t-1) is 1 and an error goes back over any number of steps as it came. It is here to be measured; it does not learn to forget anything.
/// </summary>
/// <remarks>Plain loops in float64, for figures and not for training. It has a plain recurrent network's weights of the input and of the head.</remarks>
internal sealed class ConstantErrorCarousel
{
    private readonly Network _network;
    private readonly float[][] _embeddings;
    private readonly float[] _input;
    private readonly float[] _inputBias;
    private readonly float[] _stateBias;
    private readonly float[] _output;
    private readonly float[] _outputBias;

    /// <summary>Takes the weights.</summary>
    /// <param name="network">A plain recurrent network of one layer in one direction, whose input is a step's own.</param>
    /// <param name="parameters">The flat vector.</param>
    /// <exception cref="ArgumentException">It is another kind of network.</exception>
    public ConstantErrorCarousel(Network network, FloatBuffer parameters)
    {
        if (network.Options.Cell != CellKind.Rnn || network.Options.ContextWindow != 1)
            throw new ArgumentException("The carousel takes the weights of a plain recurrent network that reads one step at a time.", nameof(network));
        _network = network;
        var stack = network.Stack(0, 0);
        _embeddings = [.. Enumerable.Range(0, network.Options.Embeddings.Length).Select(column => Export(network.Parameters.Tensors[network.EmbeddingTensor(column)]))];
        (_input, _inputBias, _stateBias) = (Export(stack.WeightIh), Export(stack.BiasIh), Export(stack.BiasHh));
        (_output, _outputBias) = (Export(network.HeadWeight), Export(network.HeadBias));

        float[] Export(TensorInfo tensor)
        {
            var values = new float[tensor.Count];
            ParameterTable.Export(tensor, parameters, values);
            return values;
        }
    }

    private int Units => _network.TopSize;

    private int Outputs => _network.Options.Outputs;

    /// <summary>The norm of dE/dc_t of one sequence, E being what it has lost at its last step.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="row">The sequence's row in it.</param>
    /// <returns>[T]: from the last step back to the first.</returns>
    public double[] Norms(SequenceBatch shard, int row)
    {
        var state = new double[Units];
        for (var t = 0; t < shard.LengthOf(row); t++)
            Add(shard, shard.Offsets[row] + t, state);
        var error = ErrorOf(state, shard, row);
        var norms = new double[shard.LengthOf(row)];
        for (var back = 0; back < norms.Length; back++)
        {
            // c_(t-1) enters c_t with the factor 1 and enters nothing else: the error is handed on whole.
            norms[back] = NormOf(error);
        }
        return norms;
    }

    private static double NormOf(double[] values)
    {
        var sum = 0.0;
        foreach (var value in values)
            sum += value * value;
        return Math.Sqrt(sum);
    }

    /// <summary>c += W_in x + b.</summary>
    private void Add(SequenceBatch shard, int at, double[] state)
    {
        var x = new float[_network.InputSize];
        var filled = 0;
        for (var column = 0; column < _embeddings.Length; column++)
        {
            var size = _network.Options.Embeddings[column];
            _embeddings[column].AsSpan(shard.Tokens(column)[at] * size, size).CopyTo(x.AsSpan(filled));
            filled += size;
        }
        shard.Values.Slice(at * shard.ValueSize, shard.ValueSize).CopyTo(x.AsSpan(filled));
        for (var unit = 0; unit < state.Length; unit++)
        {
            state[unit] += (double)_inputBias[unit] + _stateBias[unit];
            for (var i = 0; i < x.Length; i++)
                state[unit] += (double)_input[unit * x.Length + i] * x[i];
        }
    }

    /// <summary>dE/dc_T: the loss's gradient through the head.</summary>
    private double[] ErrorOf(double[] state, SequenceBatch shard, int row)
    {
        var outputs = new double[Outputs];
        for (var output = 0; output < outputs.Length; output++)
        {
            outputs[output] = _outputBias[output];
            for (var unit = 0; unit < state.Length; unit++)
                outputs[output] += _output[output * Units + unit] * state[unit];
        }
        if (shard.TargetKind == TargetKind.ValuesPerSequence)
            SubtractValues(outputs, shard, row);
        else
            SubtractClass(outputs, shard.TargetKind == TargetKind.ClassPerStep ? shard.Targets[shard.Offsets[row + 1] - 1] : shard.Targets[row]);
        var error = new double[Units];
        for (var unit = 0; unit < error.Length; unit++)
            for (var output = 0; output < outputs.Length; output++)
                error[unit] += _output[output * Units + unit] * outputs[output];
        return error;
    }

    private static void SubtractValues(double[] outputs, SequenceBatch shard, int row)
    {
        for (var i = 0; i < outputs.Length; i++)
        {
            var known = shard.HasBase ? shard.BaseValues[row * outputs.Length + i] : 0;
            outputs[i] = 2 * (outputs[i] + known - shard.TargetValues[row * outputs.Length + i]) / outputs.Length;
        }
    }

    private static void SubtractClass(double[] outputs, int target)
    {
        var largest = outputs.Max();
        var sum = 0.0;
        for (var i = 0; i < outputs.Length; i++)
            sum += outputs[i] = ScalarMath.Exp(outputs[i] - largest);
        for (var i = 0; i < outputs.Length; i++)
            outputs[i] = outputs[i] / sum - (i == target ? 1 : 0);
    }
}
