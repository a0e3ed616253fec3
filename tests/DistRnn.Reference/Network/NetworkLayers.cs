namespace DistRnn.Reference;

/// <summary>A network's layers over one set of parameters, and how a step's input is put together from embeddings, values and neighbours.</summary>
internal sealed class NetworkLayers
{
    private readonly ReferenceOptions _options;
    private readonly Embedding[] _embeddings;

    public NetworkLayers(ReferenceOptions options, ParameterSet parameters)
    {
        _options = options;
        _embeddings = [.. Enumerable.Range(0, options.Vocabularies.Count).Select(column => new Embedding(options.Vocabularies[column],
            options.Embeddings[column], parameters, column == 0 ? "embedding.weight" : $"feature_embedding.{column - 1}.weight"))];
        Stack = new BidirectionalStack(options.Hidden.Count, options.Directions, (layer, suffix) => options.Cell switch
        {
            ReferenceCell.Rnn => new RnnCell(options.InputsOf(layer), options.Hidden[layer], options.Function, parameters, "rnn.", suffix),
            ReferenceCell.Lstm => new LstmCell(options.InputsOf(layer), options.Hidden[layer], options.Peepholes, parameters, "rnn.", suffix),
            _ => new GruCell(options.InputsOf(layer), options.Hidden[layer], options.ResetAfter, parameters, "rnn.", suffix),
        });
        Output = new Dense(options.Directions * options.Hidden[^1], options.Outputs, parameters, options.HeadName + ".");
    }

    public BidirectionalStack Stack { get; }

    public Dense Output { get; }

    /// <summary>The inputs of the first layer, [T][ContextWindow * StepSize]: the neighbours from left to right.</summary>
    public double[][] Inputs(int[][] tokens, ReferenceSequence sequence)
    {
        var steps = new double[sequence.Length][];
        for (var t = 0; t < steps.Length; t++)
            steps[t] = [.. _embeddings.SelectMany((embedding, column) => embedding.Forward(tokens[column][t])), .. _options.ValueSize > 0 ? sequence.Values[t] : []];
        var inputs = new double[sequence.Length][];
        for (var t = 0; t < inputs.Length; t++)
        {
            inputs[t] = new double[_options.InputsOf(0)];
            foreach (var (place, neighbour) in Neighbours(t, inputs.Length))
                steps[neighbour].CopyTo(inputs[t], place * _options.StepSize);
        }
        return inputs;
    }

    /// <summary>Adds dE/d(inputs) to the gradients of the embeddings' rows.</summary>
    public void BackwardInputs(int[][] tokens, double[][] inputs)
    {
        for (var t = 0; t < inputs.Length; t++)
        {
            foreach (var (place, neighbour) in Neighbours(t, inputs.Length))
            {
                var start = place * _options.StepSize;
                for (var column = 0; column < _embeddings.Length; column++)
                {
                    _embeddings[column].Backward(tokens[column][neighbour], inputs[t].AsSpan(start, _embeddings[column].Size));
                    start += _embeddings[column].Size;
                }
            }
        }
    }

    private IEnumerable<(int Place, int Step)> Neighbours(int t, int length)
    {
        for (var place = 0; place < _options.ContextWindow; place++)
        {
            var step = t + place - _options.ContextWindow / 2;
            if (step >= 0 && step < length)
                yield return (place, step);
        }
    }
}
