using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>What the fast path reads, said again in the words of the reference.</summary>
internal static class ReferenceForm
{
    public static Reference.ReferenceOptions Of(NetworkOptions options) => new()
    {
        Vocabularies = options.Vocabularies,
        Embeddings = options.Embeddings,
        CharacterVocabulary = options.CharacterVocabulary,
        Characters = options.Characters,
        ValueSize = options.ValueSize,
        ContextWindow = options.ContextWindow,
        Cell = options.Cell switch { CellKind.Rnn => Reference.ReferenceCell.Rnn, CellKind.Lstm => Reference.ReferenceCell.Lstm, _ => Reference.ReferenceCell.Gru },
        Function = options.Activation switch { Activation.Tanh => Reference.RnnFunction.Tanh, Activation.Relu => Reference.RnnFunction.Relu, _ => Reference.RnnFunction.Sigmoid },
        Peepholes = options.Peepholes,
        ResetAfter = options.ResetAfter,
        Hidden = options.Hidden,
        Directions = options.Directions,
        Pool = options.Pooling switch { Pooling.Last => Reference.PoolKind.Last, Pooling.Mean => Reference.PoolKind.Mean, Pooling.Max => Reference.PoolKind.Max, _ => Reference.PoolKind.Attention },
        Head = options.Head switch
        {
            HeadKind.ClassPerStep => Reference.ReferenceHead.ClassPerStep,
            HeadKind.ClassPerSequence => Reference.ReferenceHead.ClassPerSequence,
            HeadKind.Crf => Reference.ReferenceHead.Crf,
            _ => Reference.ReferenceHead.ValuesPerSequence,
        },
        Outputs = options.Outputs,
        HeadName = options.HeadName,
        TieWeights = options.TieWeights,
        ClassWeights = [.. options.ClassWeights.Select(weight => (double)weight)],
        UnknownToken = options.UnknownToken,
    };

    public static List<Reference.ReferenceSequence> Of(SequenceBatch batch, LaneState? from = null, NetworkOptions? options = null) =>
        [.. Enumerable.Range(0, batch.Rows).Select(row => Row(batch, row) with { Initial = from is null ? null : States(from, options!, batch.RowIds[row]) })];

    /// <summary>All tensors of a flat vector by name, in PyTorch's layout.</summary>
    public static Dictionary<string, double[]> Of(ParameterTable table, FloatBuffer flat)
    {
        var tensors = new Dictionary<string, double[]>(StringComparer.Ordinal);
        foreach (var tensor in table.Tensors)
        {
            var values = new float[tensor.Count];
            ParameterTable.Export(tensor, flat, values);
            tensors.Add(tensor.Name, Doubles(values));
        }
        return tensors;
    }

    public static void Import(ParameterTable table, IReadOnlyDictionary<string, double[]> tensors, FloatBuffer flat)
    {
        Assert.Equal(table.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal), tensors.Keys.Order(StringComparer.Ordinal));
        foreach (var tensor in table.Tensors)
            ParameterTable.Import(tensor, [.. tensors[tensor.Name].Select(value => (float)value)], flat);
    }

    public static double[] Doubles(ReadOnlySpan<float> values)
    {
        var doubles = new double[values.Length];
        for (var i = 0; i < values.Length; i++)
            doubles[i] = values[i];
        return doubles;
    }

    /// <summary>A lane's state: one for each layer and direction.</summary>
    public static unsafe Reference.CellState[] States(LaneState state, NetworkOptions options, long lane)
    {
        return [.. Enumerable.Range(0, options.Hidden.Length * options.Directions).Select(slot => new Reference.CellState(Read(slot, 0), state.Kinds == 2 ? Read(slot, 1) : []))];

        double[] Read(int slot, int kind) =>
            Doubles(new ReadOnlySpan<float>(state.Of(slot / options.Directions, slot % options.Directions, kind, lane), options.Hidden[slot / options.Directions]));
    }

    private static int[] CharactersOf(SequenceBatch characters, int step) => characters.Tokens(0).Slice(characters.Offsets[step], characters.LengthOf(step)).ToArray();

    private static Reference.ReferenceSequence Row(SequenceBatch batch, int row)
    {
        var (start, length) = (batch.Offsets[row], batch.LengthOf(row));
        var values = Enumerable.Range(0, batch.ValueSize > 0 ? length : 0).Select(t => Doubles(batch.Values.Slice((start + t) * batch.ValueSize, batch.ValueSize)));
        return new Reference.ReferenceSequence
        {
            Length = length,
            Tokens = [.. Enumerable.Range(0, batch.TokenColumns).Select(column => batch.Tokens(column).Slice(start, length).ToArray())],
            Characters = batch.CharacterSequences.Rows == 0 ? [] : [.. Enumerable.Range(start, length).Select(step => CharactersOf(batch.CharacterSequences, step))],
            Values = [.. values],
            Classes = batch.TargetKind switch
            {
                TargetKind.ClassPerStep => batch.Targets.Slice(start, length).ToArray(),
                TargetKind.ClassPerSequence => [batch.Targets[row]],
                _ => [],
            },
            Targets = batch.TargetKind == TargetKind.ValuesPerSequence ? Doubles(batch.TargetValues.Slice(row * batch.TargetSize, batch.TargetSize)) : [],
            Base = batch.HasBase ? Doubles(batch.BaseValues.Slice(row * batch.TargetSize, batch.TargetSize)) : [],
        };
    }
}
