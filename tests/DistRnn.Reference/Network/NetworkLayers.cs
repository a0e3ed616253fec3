namespace DistRnn.Reference;

/// <summary>A network's layers over one set of parameters, and how a step's input is put together from embeddings, values and neighbours.</summary>
internal sealed class NetworkLayers
{
    private readonly ReferenceOptions _options;
    private readonly Embedding[] _embeddings;
    private readonly Embedding? _characters;
    private readonly BidirectionalStack? _characterStack;
    private StackRun[] _words = [];

    public NetworkLayers(ReferenceOptions options, ParameterSet parameters)
    {
        _options = options;
        _embeddings = [.. Enumerable.Range(0, options.Vocabularies.Count).Select(column => new Embedding(options.Vocabularies[column],
            options.Embeddings[column], parameters, column == 0 ? "embedding.weight" : $"feature_embedding.{column - 1}.weight"))];
        if (options.Characters > 0)
        {
            _characters = new Embedding(options.CharacterVocabulary, options.CharacterUnits, parameters, "characters.embedding.weight");
            _characterStack = new BidirectionalStack(1, 2, (_, suffix) => new LstmCell(options.CharacterUnits, options.CharacterUnits, false, parameters, "characters.rnn.", suffix));
        }
        if (options.Head == ReferenceHead.Crf)
            Crf = new ConditionalRandomField(options.Outputs, parameters);
        Stack = new BidirectionalStack(options.Hidden.Count, options.Directions, (layer, suffix) => options.Cell switch
        {
            ReferenceCell.Rnn => new RnnCell(options.InputsOf(layer), options.Hidden[layer], options.Function, parameters, "rnn.", suffix),
            ReferenceCell.Lstm => new LstmCell(options.InputsOf(layer), options.Hidden[layer], options.Peepholes, parameters, "rnn.", suffix),
            _ => new GruCell(options.InputsOf(layer), options.Hidden[layer], options.ResetAfter, parameters, "rnn.", suffix),
        });
        if (options.Head is ReferenceHead.ClassPerSequence or ReferenceHead.ValuesPerSequence && options.Pool == PoolKind.Attention)
            Attention = new AttentionPool(options.Directions * options.Hidden[^1], parameters);
        Output = new Dense(options.Directions * options.Hidden[^1], options.Outputs, parameters, options.HeadName + ".", options.TieWeights ? "embedding.weight" : null);
    }

    public BidirectionalStack Stack { get; }

    public Dense Output { get; }

    public ConditionalRandomField? Crf { get; }

    /// <summary>Attention pooling, where the network has it.</summary>
    public AttentionPool? Attention { get; }

    /// <summary>What the output layer reads of a sequence.</summary>
    public double[] Pooled(double[][] outputs) => Attention?.Forward(outputs) ?? Pool.Forward(_options.Pool, outputs, _options.Directions);

    /// <summary>dE/d(outputs) from dE/d(what the output layer read).</summary>
    public double[][] BackwardPooled(double[][] outputs, double[] pooled) =>
        Attention?.Backward(outputs, pooled) ?? Pool.Backward(_options.Pool, outputs, _options.Directions, pooled);

    /// <summary>The inputs of the first layer, [T][ContextWindow * StepSize]: the neighbours from left to right.</summary>
    public double[][] Inputs(int[][] tokens, ReferenceSequence sequence)
    {
        if (_characterStack is { } stack)
            _words = [.. sequence.Characters.Select(word => stack.Forward([.. word.Select(_characters!.Forward)], stack.ZeroStates()))];
        var steps = new double[sequence.Length][];
        for (var t = 0; t < steps.Length; t++)
            steps[t] = [.. _embeddings.SelectMany((embedding, column) => embedding.Forward(tokens[column][t])), .. SaidByCharacters(t), .. _options.ValueSize > 0 ? sequence.Values[t] : []];
        var inputs = new double[sequence.Length][];
        for (var t = 0; t < inputs.Length; t++)
        {
            inputs[t] = new double[_options.InputsOf(0)];
            foreach (var (place, neighbour) in Neighbours(t, inputs.Length))
                steps[neighbour].CopyTo(inputs[t], place * _options.StepSize);
        }
        return inputs;
    }

    /// <summary>Adds dE/d(inputs) to the gradients of the embeddings' rows and of the characters' network.</summary>
    public void BackwardInputs(int[][] tokens, ReferenceSequence sequence, double[][] inputs)
    {
        var said = inputs.Select(_ => new double[_options.Characters]).ToArray();
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
                Algebra.Add(inputs[t][start..(start + _options.Characters)], said[neighbour]);
            }
        }
        for (var t = 0; t < said.Length && _characterStack is not null; t++)
            BackwardCharacters(sequence.Characters[t], _words[t], said[t]);
    }

    /// <summary>The last outputs of the characters' stack: forward at the last character, then backward at the first; of an odd number of values the last unit is left out.</summary>
    private double[] SaidByCharacters(int t) =>
        _characterStack is null ? [] : [.. Pool.Forward(PoolKind.Last, _words[t].Outputs, 2)[.._options.Characters]];

    private void BackwardCharacters(int[] word, StackRun run, double[] said)
    {
        var pooled = new double[2 * _options.CharacterUnits];
        said.CopyTo(pooled, 0);
        var (inputs, _) = _characterStack!.Backward(run, Pool.Backward(PoolKind.Last, run.Outputs, 2, pooled));
        for (var i = 0; i < word.Length; i++)
            _characters!.Backward(word[i], inputs[i]);
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
