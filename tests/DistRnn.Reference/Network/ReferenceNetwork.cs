namespace DistRnn.Reference;

/// <summary>
/// The whole of a network, one sequence after another: embeddings and values, context window, recurrent stack, pooling, output layer, loss,
/// and back. Gradients are sums over a shard's sequences, never means.
/// </summary>
public sealed class ReferenceNetwork
{
    private readonly ReferenceOptions _options;
    private readonly IReadOnlyDictionary<string, double[]> _values;

    /// <summary>Makes a network of given parameters.</summary>
    /// <param name="options">What it is made of.</param>
    /// <param name="values">Tensors by PyTorch's names: embedding.weight, feature_embedding.N.weight, rnn.*, and the output layer's weight and bias.</param>
    public ReferenceNetwork(ReferenceOptions options, IReadOnlyDictionary<string, double[]> values) => (_options, _values) = (options, values);

    /// <summary>Computes loss, outputs, final states and gradients of a shard.</summary>
    /// <param name="shard">The sequences.</param>
    /// <param name="masks">Dropout, or null.</param>
    public ReferenceResult Compute(IReadOnlyList<ReferenceSequence> shard, ReferenceMasks? masks = null)
    {
        ArgumentNullException.ThrowIfNull(shard);
        var parameters = new ParameterSet(_values);
        var layers = new NetworkLayers(_options, parameters);
        var result = new ReferenceResult { Sequences = shard.Count };
        for (var row = 0; row < shard.Count; row++)
            Sequence(layers, shard[row], row, masks ?? new ReferenceMasks(), result);
        result.Gradients = parameters.Gradients;
        return result;
    }

    private void Sequence(NetworkLayers layers, ReferenceSequence sequence, int row, ReferenceMasks masks, ReferenceResult result)
    {
        var tokens = sequence.Tokens.Select(column => (int[])column.Clone()).ToArray();
        for (var t = 0; t < sequence.Length && tokens.Length > 0; t++)
        {
            if (masks.Word is { } word && word(row, t))
                tokens[0][t] = _options.UnknownToken;
        }
        var inputs = layers.Inputs(tokens, sequence);
        Apply(masks.Embedding, row, inputs);
        LayerMask? layerMask = masks.Layer is { } layer ? (index, step, unit) => layer(index, row, step, unit) : null;
        var run = layers.Stack.Forward(inputs, sequence.Initial ?? layers.Stack.ZeroStates(), layerMask);
        result.Final.Add(run.Final);

        var perStep = _options.Head == ReferenceHead.ClassPerStep;
        var features = perStep ? run.Outputs.Select(output => (double[])output.Clone()).ToArray() : [Pool.Forward(_options.Pool, run.Outputs, _options.Directions)];
        Apply(masks.Output, row, features);
        var gradients = new double[features.Length][];
        for (var t = 0; t < features.Length; t++)
            gradients[t] = layers.Output.Backward(features[t], Loss(layers.Output.Forward(features[t]), sequence, t, result));
        Apply(masks.Output, row, gradients);
        var outputs = perStep ? gradients : Pool.Backward(_options.Pool, run.Outputs, _options.Directions, gradients[0]);
        var (dInputs, _) = layers.Stack.Backward(run, outputs);
        Apply(masks.Embedding, row, dInputs);
        layers.BackwardInputs(tokens, dInputs);
    }

    private double[] Loss(double[] outputs, ReferenceSequence sequence, int t, ReferenceResult result)
    {
        var (loss, delta) = (0.0, new double[outputs.Length]);
        if (_options.Head == ReferenceHead.ValuesPerSequence)
        {
            if (sequence.Base.Length > 0)
                Algebra.Add(sequence.Base, outputs);
            result.Outputs.Add(outputs);
            if (sequence.Targets.Length > 0)
            {
                (loss, delta) = MeanSquaredError.Of(outputs, sequence.Targets);
                result.Targets++;
            }
        }
        else
        {
            result.Outputs.Add(SoftmaxCrossEntropy.Probabilities(outputs));
            if (sequence.Classes.Length > 0 && sequence.Classes[t] is >= 0 and var target)
            {
                (loss, delta) = SoftmaxCrossEntropy.Of(outputs, target, _options.ClassWeights.Count > 0 ? _options.ClassWeights[target] : 1);
                result.Targets++;
                if (Array.IndexOf(outputs, outputs.Max()) == target)
                    result.Correct++;
            }
        }
        result.Loss += loss;
        result.Losses.Add(loss);
        return delta;
    }

    private static void Apply(Func<int, int, int, double>? mask, int row, double[][] values)
    {
        if (mask is null)
            return;
        for (var t = 0; t < values.Length; t++)
            for (var i = 0; i < values[t].Length; i++)
                values[t][i] *= mask(row, t, i);
    }
}
