namespace DistRnn.Reference;

/// <summary>
/// A whole encoder-decoder, one pair after another: embeddings, encoder, bridge, decoder with attention and what it is fed, output layer, loss, and back.
/// Gradients are sums over the pairs.
/// </summary>
public sealed class ReferenceEncoderDecoder
{
    private readonly ReferencePairOptions _options;
    private readonly IReadOnlyDictionary<string, double[]> _values;

    /// <summary>Makes a network of given parameters.</summary>
    /// <param name="options">What it is made of.</param>
    /// <param name="values">Tensors by name: source_embedding.weight, target_embedding.weight, encoder.*, decoder.*, attention.*, combine.*, output.*.</param>
    public ReferenceEncoderDecoder(ReferencePairOptions options, IReadOnlyDictionary<string, double[]> values) => (_options, _values) = (options, values);

    private int Directions => _options.Cells.Directions;

    private int MemorySize => Directions * _options.Cells.Hidden[^1];

    private int QuerySize => _options.DecoderHidden[^1];

    private int FeatureSize => _options.Score == ReferenceScore.None || _options.Combine ? QuerySize : QuerySize + MemorySize;

    private int PeekSize => _options.Peek ? MemorySize : 0;

    private int DecoderInputs => _options.Embedding + PeekSize + (_options.Feeds ? FeatureSize : 0);

    /// <summary>Computes losses, probabilities and gradients of some pairs.</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="masks">Dropout, or null.</param>
    public ReferenceResult Compute(IReadOnlyList<ReferencePair> pairs, ReferencePairMasks? masks = null)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        var parameters = new ParameterSet(_values);
        var layers = new Layers(this, parameters);
        var result = new ReferenceResult { Sequences = pairs.Count };
        for (var row = 0; row < pairs.Count; row++)
            Pair(layers, pairs[row], row, masks ?? new ReferencePairMasks(), result);
        result.Gradients = parameters.Gradients;
        return result;
    }

    private void Pair(Layers layers, ReferencePair pair, int row, ReferencePairMasks masks, ReferenceResult result)
    {
        int[] source = [.. pair.Source.Select((token, t) => masks.SourceWord is { } word && word(row, t) ? _options.Unknown.Source : token)];
        int[] inputs = [.. pair.Inputs.Select((token, t) => masks.TargetWord is { } word && word(row, t) ? _options.Unknown.Target : token)];
        var sourceRows = source.Select((token, t) => Masked(layers.Source.Forward(token), masks.SourceEmbedding, row, t)).ToArray();
        LayerMask? encoderMask = masks.EncoderLayer is { } mask ? (layer, step, unit) => mask(layer, row, step, unit) : null;
        var encoded = layers.Encoder.Forward(sourceRows, layers.Encoder.ZeroStates(), encoderMask);
        var peek = encoded.Final[^Directions..].SelectMany(state => state.Hidden).ToArray();
        var states = Bridge(encoded.Final);

        var steps = new Step[inputs.Length];
        var fed = new double[FeatureSize];
        for (var t = 0; t < inputs.Length; t++)
        {
            double[] x = [.. Masked(layers.Target.Forward(inputs[t]), masks.TargetEmbedding, row, t), .. _options.Peek ? peek : [], .. _options.Feeds ? fed : []];
            var traces = new StepTrace[layers.Decoder.Length];
            for (var layer = 0; layer < traces.Length; layer++)
            {
                traces[layer] = layers.Decoder[layer].Forward(x, states[layer]);
                states[layer] = traces[layer].After;
                x = states[layer].Hidden;
                if (layer + 1 < traces.Length && masks.DecoderLayer is { } layerMask)
                    x = [.. x.Select((value, unit) => value * layerMask(layer, row, t, unit))];
            }
            steps[t] = Say(layers, x, encoded.Outputs, traces);
            fed = Masked(steps[t].Features, masks.Output, row, t);
            steps[t] = steps[t] with { Dropped = fed, Delta = Loss(layers.Output.Forward(fed), pair.Targets, t, result) };
        }
        Back(layers, steps, inputs, source, row, masks, encoded, states.Length);
    }

    private Step Say(Layers layers, double[] h, double[][] memory, StepTrace[] traces)
    {
        if (layers.Attention is null)
            return new Step(traces, [], [], h, [], []);
        var (context, weights) = layers.Attention.Forward(h, memory);
        double[] joined = [.. h, .. context];
        return new Step(traces, weights, joined, layers.Combine is null ? joined : [.. layers.Combine.Forward(joined).Select(Math.Tanh)], [], []);
    }

    private void Back(Layers layers, Step[] steps, int[] inputs, int[] source, int row, ReferencePairMasks masks, StackRun encoded, int depth)
    {
        var memory = encoded.Outputs;
        var memoryGradient = memory.Select(m => new double[m.Length]).ToArray();
        var after = layers.Decoder.Select(cell => CellState.Zero(cell.Hidden, cell.HasMemory)).ToArray();
        var (fed, peek) = (new double[FeatureSize], new double[PeekSize]);
        for (var t = steps.Length - 1; t >= 0; t--)
        {
            var features = layers.Output.Backward(steps[t].Dropped, steps[t].Delta);
            Algebra.Add(fed, features);
            features = Masked(features, masks.Output, row, t);
            var h = SayBackward(layers, steps[t], features, memory, memoryGradient);
            for (var layer = depth - 1; layer >= 0; layer--)
            {
                Algebra.Add(h, after[layer].Hidden);
                (h, after[layer]) = layers.Decoder[layer].Backward(steps[t].Traces[layer], after[layer]);
                if (layer > 0 && masks.DecoderLayer is { } mask)
                    h = [.. h.Select((value, unit) => value * mask(layer - 1, row, t, unit))];
            }
            layers.Target.Backward(inputs[t], Masked(h[.._options.Embedding], masks.TargetEmbedding, row, t));
            Algebra.Add(h[_options.Embedding..(_options.Embedding + PeekSize)], peek);
            fed = _options.Feeds ? h[(_options.Embedding + PeekSize)..] : fed;
        }
        var final = BridgeBackward(after, encoded.Final);
        for (var d = 0; d < Directions && _options.Peek; d++)
        {
            var state = final[^(Directions - d)];
            Algebra.Add(peek[(d * state.Hidden.Length)..((d + 1) * state.Hidden.Length)], state.Hidden);
        }
        var (sourceGradient, _) = layers.Encoder.Backward(encoded, memoryGradient, final);
        for (var t = 0; t < source.Length; t++)
            layers.Source.Backward(source[t], Masked(sourceGradient[t], masks.SourceEmbedding, row, t));
    }

    private double[] SayBackward(Layers layers, Step step, double[] features, double[][] memory, double[][] memoryGradient)
    {
        if (layers.Attention is null)
            return features;
        var joined = layers.Combine is null ? features
            : layers.Combine.Backward(step.Joined, [.. features.Zip(step.Features, (d, y) => d * (1 - y * y))]);
        var h = joined[..QuerySize];
        Algebra.Add(layers.Attention.Backward(step.Joined[..QuerySize], memory, step.Weights, joined[QuerySize..], null, memoryGradient), h);
        return h;
    }

    private CellState[] Bridge(CellState[] final) => [.. _options.DecoderHidden.Select((units, layer) =>
    {
        var states = final[(layer * Directions)..((layer + 1) * Directions)];
        var memory = Join(states.Select(state => state.Memory), units);
        return new CellState(Join(states.Select(state => state.Hidden), units), _options.FullBridge ? memory : new double[memory.Length]);
    })];

    private CellState[] BridgeBackward(CellState[] initial, CellState[] final) => [.. final.Select((state, i) =>
    {
        var gradient = initial[i / Directions];
        var start = gradient.Hidden.Length == state.Hidden.Length ? 0 : i % Directions * state.Hidden.Length;
        var memory = new double[state.Memory.Length];
        if (_options.FullBridge && memory.Length > 0)
            memory = gradient.Memory[start..(start + memory.Length)];
        return new CellState(gradient.Hidden[start..(start + state.Hidden.Length)], memory);
    })];

    /// <summary>Side by side where so many units are wanted, added up otherwise.</summary>
    private static double[] Join(IEnumerable<double[]> parts, int units)
    {
        var all = parts.ToArray();
        if (all.Sum(part => part.Length) is var sum && (sum == units || sum == 0))
            return [.. all.SelectMany(part => part)];
        var total = new double[units];
        foreach (var part in all)
            Algebra.Add(part, total);
        return total;
    }

    private static double[] Loss(double[] logits, int[] targets, int t, ReferenceResult result)
    {
        result.Outputs.Add(SoftmaxCrossEntropy.Probabilities(logits));
        var (loss, delta) = (0.0, new double[logits.Length]);
        if (targets[t] >= 0)
        {
            (loss, delta) = SoftmaxCrossEntropy.Of(logits, targets[t], 1);
            result.Targets++;
            result.Correct += Array.IndexOf(logits, logits.Max()) == targets[t] ? 1 : 0;
        }
        result.Loss += loss;
        result.Losses.Add(loss);
        return delta;
    }

    private static double[] Masked(double[] values, Func<int, int, int, double>? mask, int row, int step) =>
        mask is null ? values : [.. values.Select((value, unit) => value * mask(row, step, unit))];

    private sealed record Step(StepTrace[] Traces, double[] Weights, double[] Joined, double[] Features, double[] Dropped, double[] Delta);

    private sealed class Layers
    {
        public Layers(ReferenceEncoderDecoder network, ParameterSet parameters)
        {
            var (options, cells) = (network._options, network._options.Cells);
            Source = new Embedding(options.SourceVocabulary, options.Embedding, parameters, "source_embedding.weight");
            Target = new Embedding(options.TargetVocabulary, options.Embedding, parameters, "target_embedding.weight");
            Encoder = new BidirectionalStack(cells.Hidden.Count, cells.Directions, (layer, suffix) =>
                Cell(cells, layer == 0 ? options.Embedding : cells.Directions * cells.Hidden[layer - 1], cells.Hidden[layer], parameters, "encoder.", suffix));
            Decoder = [.. options.DecoderHidden.Select((units, layer) =>
                Cell(cells, layer == 0 ? network.DecoderInputs : options.DecoderHidden[layer - 1], units, parameters, "decoder.", $"l{layer}"))];
            if (options.Score != ReferenceScore.None)
            {
                Attention = new ReferenceAttention(options.Score, network.QuerySize, network.MemorySize, network.QuerySize, parameters, "attention.");
                Combine = options.Combine ? new Dense(network.QuerySize + network.MemorySize, network.QuerySize, parameters, "combine.") : null;
            }
            Output = new Dense(network.FeatureSize, options.TargetVocabulary, parameters, "output.");
        }

        public Embedding Source { get; }

        public Embedding Target { get; }

        public BidirectionalStack Encoder { get; }

        public ICell[] Decoder { get; }

        public ReferenceAttention? Attention { get; }

        public Dense? Combine { get; }

        public Dense Output { get; }

        private static ICell Cell(ReferenceOptions cells, int inputs, int units, ParameterSet parameters, string prefix, string suffix) => cells.Cell switch
        {
            ReferenceCell.Rnn => new RnnCell(inputs, units, cells.Function, parameters, prefix, suffix),
            ReferenceCell.Lstm => new LstmCell(inputs, units, cells.Peepholes, parameters, prefix, suffix),
            _ => new GruCell(inputs, units, cells.ResetAfter, parameters, prefix, suffix),
        };
    }
}
