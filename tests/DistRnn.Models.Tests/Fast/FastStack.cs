using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>
/// Runs a <see cref="StackCase"/> through the fast recurrent stack: its outputs, and its gradients for the same loss. The rows that the caller
/// writes hold garbage wherever they hold nothing.
/// </summary>
internal sealed unsafe class FastStack : IDisposable
{
    private const float Garbage = -7.5e8f;

    private readonly StackCase _case;
    private readonly NetworkOptions _options;
    private readonly Network _network;
    private readonly ComputeTeam _team;
    private readonly PackedBatch _batch = new();
    private readonly RecurrentStack _stack;
    private readonly FloatBuffer _parameters;
    private readonly LaneState _initial;
    private readonly LaneState _final;
    private readonly LaneState _finalGradients;
    private readonly LaneState _initialGradients;
    private readonly Gradient _gradient;

    public FastStack(StackCase stackCase, SimdWidth width, int threads)
    {
        _case = stackCase;
        _options = OptionsOf(stackCase);
        _network = new Network(_options);
        _team = new ComputeTeam(threads);
        _stack = new RecurrentStack(
            new RecurrentStackOptions
            {
                Cell = _options.Cell,
                Activation = _options.Activation,
                ResetAfter = _options.ResetAfter,
                Inputs = stackCase.Inputs,
                Hidden = [.. _options.Hidden],
                Directions = stackCase.Directions,
                Tensors = [.. Enumerable.Range(0, stackCase.Slots).Select(slot => _network.Stack(slot / stackCase.Directions, slot % stackCase.Directions))],
                BackToInputs = true,
            },
            _team, _batch, width);
        _parameters = new FloatBuffer(_network.Parameters.Count);
        foreach (var tensor in _network.Parameters.Tensors)
        {
            if (stackCase.Tensors.TryGetValue(NameIn(tensor), out var values))
                ParameterTable.Import(tensor, [.. values.Select(value => (float)value)], _parameters);
        }
        _initial = new LaneState(_options, stackCase.Rows);
        _final = new LaneState(_options, stackCase.Rows);
        _finalGradients = new LaneState(_options, stackCase.Rows);
        _initialGradients = new LaneState(_options, stackCase.Rows);
        _gradient = new Gradient(_network.Parameters);
    }

    private int InputStride => (_case.Inputs + 15) / 16 * 16 + 16;

    /// <summary>y, hn and cn, and the gradients by name, as <see cref="StackCase.Compute"/> gives them.</summary>
    public (Dictionary<string, double[]> Outputs, Dictionary<string, double[]> Gradients) Compute()
    {
        var shard = new SequenceBatch();
        shard.Reset([.. Enumerable.Range(0, _case.Rows).Select(_case.LengthOf)], 0, _case.Inputs, TargetKind.None);
        for (var row = 0; row < _case.Rows; row++)
            shard.RowIds[row] = _case.Rows - 1 - row;
        _batch.Build([shard], 0, carried: true);
        using var inputs = new FloatBuffer((long)_batch.PackedRows * InputStride);
        using var inputGradients = new FloatBuffer((long)_batch.PackedRows * InputStride);
        inputs.Span.Fill(Garbage);
        inputGradients.Span.Fill(Garbage);
        _gradient.Values.Span.Fill(Garbage);
        ForEachStep((row, t, packed) =>
        {
            for (var i = 0; i < _case.Inputs; i++)
                inputs.Pointer[packed * InputStride + i] = (float)_case.Tensors["x"][(t * _case.Rows + row) * _case.Inputs + i];
        });
        ForEachState((name, slot, row, unit, at) => *StateOf(_initial, slot, name, row, unit) = (float)_case.Tensors[name + "0"][at]);
        ForEachState((name, slot, row, unit, at) => *StateOf(_finalGradients, slot, name, row, unit) = (float)Math.Cos(at + (name == "h" ? 1 : 2)));
        _stack.FinalGradients = _finalGradients;
        _stack.InitialGradients = _initialGradients;

        _stack.SetParameters(_parameters);
        _team.Run(thread => _stack.RebuildTransposes(thread, _parameters));
        _stack.Prepare(new LeftOperand(inputs.Pointer, InputStride), training: true, _initial, _final, shard.RowIds);
        _team.Run(thread => _stack.Forward(thread, null));
        var outputs = Outputs();
        WriteOutputGradients();
        _team.Run(thread => _stack.Backward(thread, default, _gradient.Values.Pointer, new RowBlock((nint)inputGradients.Pointer, InputStride)));
        return (outputs, Gradients(inputGradients));
    }

    public void Dispose()
    {
        _stack.Dispose();
        _batch.Dispose();
        _team.Dispose();
        foreach (var owned in (IDisposable[])[_parameters, _initial, _final, _finalGradients, _initialGradients, _gradient])
            owned.Dispose();
    }

    private static NetworkOptions OptionsOf(StackCase stack) => new()
    {
        ValueSize = stack.Inputs,
        Cell = stack.HasMemory ? CellKind.Lstm : stack.Kind.StartsWith("gru", StringComparison.Ordinal) ? CellKind.Gru : CellKind.Rnn,
        Activation = stack.Kind switch { "rnn-relu" => Activation.Relu, "rnn-sigmoid" => Activation.Sigmoid, _ => Activation.Tanh },
        Peepholes = stack.Kind == "lstm-peephole",
        ResetAfter = stack.Kind != "gru-textbook",
        Hidden = [.. Enumerable.Repeat(stack.Hidden, stack.Layers)],
        Bidirectional = stack.Directions == 2,
        Outputs = 1,
    };

    private static string NameIn(TensorInfo tensor) => tensor.Name.Replace("rnn.", "", StringComparison.Ordinal);

    private Dictionary<string, double[]> Outputs()
    {
        var outputs = new Dictionary<string, double[]>(StringComparer.Ordinal) { ["y"] = new double[_case.Steps * _case.Rows * _case.OutputSize], ["hn"] = new double[_case.Slots * _case.Rows * _case.Hidden] };
        if (_case.HasMemory)
            outputs["cn"] = new double[_case.Slots * _case.Rows * _case.Hidden];
        ForEachStep((row, t, packed) =>
        {
            for (var i = 0; i < _case.OutputSize; i++)
                outputs["y"][(t * _case.Rows + row) * _case.OutputSize + i] = *OutputOf(_stack.Top, packed, i);
        });
        ForEachState((name, slot, row, unit, at) => outputs[name + "n"][at] = *StateOf(_final, slot, name, row, unit));
        return outputs;
    }

    private void WriteOutputGradients()
    {
        ForEachStep((row, t, packed) =>
        {
            new Span<float>(_stack.TopGradients.At(packed), (int)_stack.TopGradients.Stride).Fill(Garbage);
            for (var i = 0; i < _case.OutputSize; i++)
                *OutputOf(_stack.TopGradients, packed, i) = (float)Math.Cos((t * _case.Rows + row) * _case.OutputSize + i);
        });
    }

    private Dictionary<string, double[]> Gradients(FloatBuffer inputGradients)
    {
        var gradients = _case.Tensors.ToDictionary(tensor => tensor.Key, tensor => new double[tensor.Value.Length], StringComparer.Ordinal);
        foreach (var tensor in _network.Parameters.Tensors)
        {
            if (!gradients.ContainsKey(NameIn(tensor)))
                continue;
            var values = new float[tensor.Count];
            ParameterTable.Export(tensor, _gradient.Values, values);
            gradients[NameIn(tensor)] = ReferenceForm.Doubles(values);
        }
        ForEachStep((row, t, packed) =>
        {
            for (var i = 0; i < _case.Inputs; i++)
                gradients["x"][(t * _case.Rows + row) * _case.Inputs + i] = inputGradients.Pointer[packed * InputStride + i];
        });
        ForEachState((name, slot, row, unit, at) => gradients[name + "0"][at] = *StateOf(_initialGradients, slot, name, row, unit));
        return gradients;
    }

    private float* OutputOf(RowBlock rows, int packed, int unit) => rows.At(packed) + unit / _case.Hidden * _stack.TopSegmentStride + unit % _case.Hidden;

    private float* StateOf(LaneState state, int slot, string name, int row, int unit) =>
        state.Of(slot / _case.Directions, slot % _case.Directions, name == "h" ? 0 : 1, _case.Rows - 1 - row) + unit;

    private void ForEachStep(Action<int, int, int> action)
    {
        for (var row = 0; row < _case.Rows; row++)
            for (var t = 0; t < _case.LengthOf(row); t++)
                action(row, t, _batch.PackedRowOf(t, row));
    }

    /// <summary>Name (h or c), slot, row, unit, and the element of the case's tensor.</summary>
    private void ForEachState(Action<string, int, int, int, int> action)
    {
        foreach (var name in _case.HasMemory ? (string[])["h", "c"] : ["h"])
            for (var slot = 0; slot < _case.Slots; slot++)
                for (var row = 0; row < _case.Rows; row++)
                    for (var unit = 0; unit < _case.Hidden; unit++)
                        action(name, slot, row, unit, (slot * _case.Rows + row) * _case.Hidden + unit);
    }
}
