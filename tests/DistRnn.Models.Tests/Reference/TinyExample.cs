using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>The example of the models' README: one input, two units, three steps, every gate with the same weights.</summary>
internal static class TinyExample
{
    private static readonly double[] s_inputWeights = [0.5, -0.5];
    private static readonly double[] s_recurrentWeights = [0.5, 0.25, -0.25, 0.5];

    public static double[] X { get; } = [1, 0.5, -1];

    /// <summary>A network whose output is the state of its last step itself.</summary>
    public static NetworkOptions Options(string table) => new()
    {
        ValueSize = 1,
        Cell = table switch { "gru" => CellKind.Gru, "gates" or "forget" or "peepholes" => CellKind.Lstm, _ => CellKind.Rnn },
        Peepholes = table == "peepholes",
        Hidden = [2],
        Bidirectional = table == "bidirectional",
        Head = HeadKind.ValuesPerSequence,
        Outputs = table == "bidirectional" ? 4 : 2,
    };

    /// <summary>The weights; with <c>gates</c> the forget gate is open for good, since the logistic function of 100 is 1 in float32.</summary>
    public static Dictionary<string, double[]> Tensors(string table)
    {
        var tensors = new Dictionary<string, double[]>(StringComparer.Ordinal);
        foreach (var tensor in new Network(Options(table)).Parameters.Tensors)
        {
            var gates = tensor.Shape[0] / 2;
            tensors[tensor.Name] = tensor.Name switch
            {
                "output.weight" => [.. Enumerable.Range(0, (int)tensor.Count).Select(i => i % (tensor.Shape[1] + 1) == 0 ? 1.0 : 0)],
                _ when tensor.Name.Contains("weight_ih", StringComparison.Ordinal) => Repeat(s_inputWeights, gates),
                _ when tensor.Name.Contains("weight_hh", StringComparison.Ordinal) => Repeat(s_recurrentWeights, gates),
                _ when tensor.Name.Contains("weight_c", StringComparison.Ordinal) => [0.1, 0.1],
                _ => new double[tensor.Count],
            };
        }
        if (table == "gates")
        {
            tensors["rnn.weight_ih_l0"].AsSpan(2, 2).Clear();
            tensors["rnn.weight_hh_l0"].AsSpan(4, 4).Clear();
            tensors["rnn.bias_ih_l0"].AsSpan(2, 2).Fill(100);
        }
        return tensors;
    }

    /// <summary>A batch of one row, whose target is one less than what the network says: then each output's error is 2 * 1 / outputs.</summary>
    public static SequenceBatch Batch(double[] x, ReadOnlySpan<float> says)
    {
        var batch = new SequenceBatch();
        batch.Reset([x.Length], 0, 1, TargetKind.ValuesPerSequence, says.Length);
        for (var t = 0; t < x.Length; t++)
            batch.Values[t] = (float)x[t];
        for (var i = 0; i < says.Length; i++)
            batch.TargetValues[i] = says[i] - 1;
        return batch;
    }

    /// <summary>The reference's stack of these weights.</summary>
    public static Reference.BidirectionalStack Stack(string table)
    {
        var parameters = new Reference.ParameterSet(Tensors(table));
        return new Reference.BidirectionalStack(1, table == "bidirectional" ? 2 : 1, (_, suffix) => Options(table).Cell switch
        {
            CellKind.Gru => new Reference.GruCell(1, 2, true, parameters, "rnn.", suffix),
            CellKind.Lstm => new Reference.LstmCell(1, 2, table == "peepholes", parameters, "rnn.", suffix),
            _ => new Reference.RnnCell(1, 2, Reference.RnnFunction.Tanh, parameters, "rnn.", suffix),
        });
    }

    private static double[] Repeat(double[] values, int times) => [.. Enumerable.Repeat(values, times).SelectMany(value => value)];
}
