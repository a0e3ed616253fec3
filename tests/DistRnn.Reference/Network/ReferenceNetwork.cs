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
        var run = layers.Stack.Forward(inputs, sequence.Initial ?? layers.Stack.ZeroStates(), layerMask, RecurrentMask(masks, row));
        result.Final.Add(run.Final);

        var perStep = _options.Head is ReferenceHead.ClassPerStep or ReferenceHead.Crf;
        var features = perStep ? run.Outputs.Select(output => (double[])output.Clone()).ToArray() : [layers.Pooled(run.Outputs)];
        Apply(masks.Output, row, features);
        var said = features.Select(layers.Output.Forward).ToArray();
        var deltas = layers.Crf is { } crf ? LossOfSequence(crf, said, sequence, result) : [.. said.Select((outputs, t) => Loss(outputs, sequence, t, result))];
        var gradients = features.Select((feature, t) => layers.Output.Backward(feature, deltas[t])).ToArray();
        Apply(masks.Output, row, gradients);
        var outputs = perStep ? gradients : layers.BackwardPooled(run.Outputs, gradients[0]);
        var (dInputs, _) = layers.Stack.Backward(run, outputs);
        Apply(masks.Embedding, row, dInputs);
        layers.BackwardInputs(tokens, sequence, dInputs);
    }

    private static double[][] LossOfSequence(ConditionalRandomField crf, double[][] scores, ReferenceSequence sequence, ReferenceResult result)
    {
        int[] known = sequence.Classes.Length > 0 ? sequence.Classes : [.. scores.Select(_ => -1)];
        var (loss, deltas) = crf.Of(scores, known);
        var (best, first) = (crf.Best(scores), Array.FindIndex(known, target => target >= 0));
        result.Outputs.AddRange(crf.Marginals(scores, []));
        result.Classes.AddRange(best);
        result.Targets += known.Count(target => target >= 0);
        result.Correct += known.Where((target, t) => target == best[t]).Count();
        result.Losses.AddRange(known.Select((_, t) => t == first ? loss : 0));
        result.Loss += first < 0 ? 0 : loss;
        return deltas;
    }

    private Func<int, double[]>? RecurrentMask(ReferenceMasks masks, int row)
    {
        if (masks.Recurrent is not { } recurrent)
            return null;
        return slot =>
        {
            var (layer, direction) = (slot / _options.Directions, slot % _options.Directions);
            return [.. Enumerable.Range(0, _options.Hidden[layer]).Select(unit => recurrent(layer, direction, row, unit))];
        };
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
            result.Classes.Add(Array.IndexOf(outputs, outputs.Max()));
            if (sequence.Classes.Length > 0 && sequence.Classes[t] is >= 0 and var target)
            {
                (loss, delta) = SoftmaxCrossEntropy.Of(outputs, target, _options.ClassWeights.Count > 0 ? _options.ClassWeights[target] : 1);
                result.Targets++;
                if (result.Classes[^1] == target)
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
