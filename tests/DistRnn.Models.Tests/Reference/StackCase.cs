namespace DistRnn.Models.Tests;

/// <summary>
/// A recurrent stack over a ragged batch with the loss of the golden cases: every element of the outputs and of the final states is weighted
/// differently, sum(y*cos(i)) + sum(hn*cos(i+1)) + sum(cn*cos(i+2)), i counting row-major; padding positions of y are 0.
/// </summary>
internal sealed record StackCase
{
    public required string Kind { get; init; }

    public required int Steps { get; init; }

    public required int Rows { get; init; }

    public required int Inputs { get; init; }

    public required int Hidden { get; init; }

    public int Layers { get; init; } = 1;

    public int Directions { get; init; } = 1;

    public int[] Lengths { get; init; } = [];

    /// <summary>The tensors of the cells, and x, h0 and, for an LSTM, c0.</summary>
    public required Dictionary<string, double[]> Tensors { get; init; }

    public bool HasMemory => Kind.StartsWith("lstm", StringComparison.Ordinal);

    public int Slots => Layers * Directions;

    public int OutputSize => Directions * Hidden;

    public static StackCase FromGolden(GoldenCase golden)
    {
        var kind = golden.Text("kind") + (golden.Has("peepholes") ? "-peephole" : golden.Has("nonlinearity") ? "-" + golden.Text("nonlinearity") : "");
        var lengths = golden.Inputs.GetValueOrDefault("lengths", []);
        return new StackCase
        {
            Kind = kind,
            Steps = golden.Integer("T"),
            Rows = golden.Integer("B"),
            Inputs = golden.Integer("I"),
            Hidden = golden.Integer("H"),
            Layers = golden.Integer("layers"),
            Directions = golden.Has("bidirectional") ? 2 : 1,
            Lengths = [.. lengths.Select(length => (int)length)],
            Tensors = golden.Parameters.Concat(golden.Inputs.Where(input => input.Key != "lengths")).ToDictionary(StringComparer.Ordinal),
        };
    }

    /// <summary>A case of random numbers.</summary>
    public static StackCase Random(string kind, int layers, int directions, int[] lengths, Random random, int inputs = 3, int hidden = 4)
    {
        var shape = new StackCase
        {
            Kind = kind,
            Steps = lengths.Max(),
            Rows = lengths.Length,
            Inputs = inputs,
            Hidden = hidden,
            Layers = layers,
            Directions = directions,
            Lengths = lengths,
            Tensors = [],
        };
        var scale = Math.Min(0.7, 2 / Math.Sqrt(hidden));
        var gates = shape.HasMemory ? 4 : kind.StartsWith("gru", StringComparison.Ordinal) ? 3 : 1;
        for (var slot = 0; slot < shape.Slots; slot++)
        {
            var suffix = $"l{slot / directions}{(slot % directions == 1 ? "_reverse" : "")}";
            Add($"weight_ih_{suffix}", gates * shape.Hidden * (slot / directions == 0 ? shape.Inputs : shape.OutputSize));
            Add($"weight_hh_{suffix}", gates * shape.Hidden * shape.Hidden);
            Add($"bias_ih_{suffix}", gates * shape.Hidden);
            Add($"bias_hh_{suffix}", gates * shape.Hidden);
            if (kind != "lstm-peephole")
                continue;
            foreach (var gate in new[] { "ci", "cf", "co" })
                Add($"weight_{gate}_{suffix}", shape.Hidden);
        }
        Add("x", shape.Steps * shape.Rows * shape.Inputs);
        Add("h0", shape.Slots * shape.Rows * shape.Hidden);
        if (shape.HasMemory)
            Add("c0", shape.Slots * shape.Rows * shape.Hidden);
        return shape;

        void Add(string name, int count) => shape.Tensors.Add(name, [.. Enumerable.Range(0, count).Select(_ => (double)(float)(scale * (2 * random.NextDouble() - 1)))]);
    }

    public int LengthOf(int row) => Lengths.Length > 0 ? Lengths[row] : Steps;

    /// <summary>The loss, y, hn and cn, and the gradients of all <see cref="Tensors"/>.</summary>
    public (double Loss, Dictionary<string, double[]> Outputs, Dictionary<string, double[]> Gradients) Compute(Reference.LayerMask? masks = null)
    {
        var parameters = new Reference.ParameterSet(Tensors);
        var stack = new Reference.BidirectionalStack(Layers, Directions, (layer, suffix) => Cell(layer == 0 ? Inputs : OutputSize, suffix, parameters));
        var outputs = new Dictionary<string, double[]>(StringComparer.Ordinal) { ["y"] = new double[Steps * Rows * OutputSize], ["hn"] = new double[Slots * Rows * Hidden] };
        if (HasMemory)
            outputs["cn"] = new double[Slots * Rows * Hidden];
        var gradients = parameters.Gradients;
        var loss = 0.0;
        for (var row = 0; row < Rows; row++)
            loss += Row(stack, row, masks, outputs, gradients);
        return (loss, outputs, gradients);
    }

    private double Row(Reference.BidirectionalStack stack, int row, Reference.LayerMask? masks, Dictionary<string, double[]> outputs, Dictionary<string, double[]> gradients)
    {
        var length = LengthOf(row);
        var inputs = Enumerable.Range(0, length).Select(t => Tensors["x"].AsSpan((t * Rows + row) * Inputs, Inputs).ToArray()).ToArray();
        var initial = Enumerable.Range(0, Slots).Select(slot => new Reference.CellState(StateOf("h0", slot, row), HasMemory ? StateOf("c0", slot, row) : [])).ToArray();
        var run = stack.Forward(inputs, initial, masks);
        var loss = 0.0;
        var dOutputs = new double[length][];
        for (var t = 0; t < length; t++)
            loss += Weigh(run.Outputs[t], (t * Rows + row) * OutputSize, 0, outputs["y"], out dOutputs[t]);
        var dFinal = new Reference.CellState[Slots];
        for (var slot = 0; slot < Slots; slot++)
        {
            loss += Weigh(run.Final[slot].Hidden, (slot * Rows + row) * Hidden, 1, outputs["hn"], out var dh);
            double[] dc = [];
            if (HasMemory)
                loss += Weigh(run.Final[slot].Memory, (slot * Rows + row) * Hidden, 2, outputs["cn"], out dc);
            dFinal[slot] = new Reference.CellState(dh, dc);
        }
        var (dInputs, dInitial) = stack.Backward(run, dOutputs, dFinal);
        for (var t = 0; t < length; t++)
            dInputs[t].CopyTo(gradients["x"], (t * Rows + row) * Inputs);
        for (var slot = 0; slot < Slots; slot++)
        {
            dInitial[slot].Hidden.CopyTo(gradients["h0"], (slot * Rows + row) * Hidden);
            if (HasMemory)
                dInitial[slot].Memory.CopyTo(gradients["c0"], (slot * Rows + row) * Hidden);
        }
        return loss;
    }

    private static double Weigh(double[] values, int start, int shift, double[] destination, out double[] gradient)
    {
        values.CopyTo(destination, start);
        gradient = [.. Enumerable.Range(start, values.Length).Select(i => Math.Cos(i + shift))];
        return values.Zip(gradient, (value, weight) => value * weight).Sum();
    }

    private double[] StateOf(string name, int slot, int row) => Tensors[name].AsSpan((slot * Rows + row) * Hidden, Hidden).ToArray();

    private Reference.ICell Cell(int inputs, string suffix, Reference.ParameterSet parameters) => Kind switch
    {
        "rnn" => new Reference.RnnCell(inputs, Hidden, Reference.RnnFunction.Tanh, parameters, "", suffix),
        "rnn-relu" => new Reference.RnnCell(inputs, Hidden, Reference.RnnFunction.Relu, parameters, "", suffix),
        "rnn-sigmoid" => new Reference.RnnCell(inputs, Hidden, Reference.RnnFunction.Sigmoid, parameters, "", suffix),
        "lstm" => new Reference.LstmCell(inputs, Hidden, false, parameters, "", suffix),
        "lstm-peephole" => new Reference.LstmCell(inputs, Hidden, true, parameters, "", suffix),
        "gru" => new Reference.GruCell(inputs, Hidden, true, parameters, "", suffix),
        "gru-textbook" => new Reference.GruCell(inputs, Hidden, false, parameters, "", suffix),
        _ => throw new ArgumentException($"There is no cell '{Kind}'."),
    };
}
