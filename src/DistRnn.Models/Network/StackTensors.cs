using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>The tensors of one recurrent layer in one direction; G gates a unit (4 for LSTM, 3 for GRU, 1 otherwise), H units, I inputs.</summary>
/// <param name="WeightIh">From the layer's input, [G * H, I].</param>
/// <param name="WeightHh">From the layer's own state, [G * H, H].</param>
/// <param name="BiasIh">The bias beside the input's product, [G * H].</param>
/// <param name="BiasHh">The bias beside the state's product, [G * H]. It is there in every cell, the textbook GRU included, as in PyTorch's files.</param>
/// <param name="PeepholeI">From c to the input gate, [H], row-major; null without peepholes.</param>
/// <param name="PeepholeF">From c to the forget gate, [H], row-major; null without peepholes.</param>
/// <param name="PeepholeO">From the new c to the output gate, [H], row-major; null without peepholes.</param>
internal sealed record StackTensors(
    TensorInfo WeightIh, TensorInfo WeightHh, TensorInfo BiasIh, TensorInfo BiasHh, TensorInfo? PeepholeI, TensorInfo? PeepholeF, TensorInfo? PeepholeO)
{
    /// <summary>Lays out a layer's tensors in PyTorch's order.</summary>
    /// <param name="builder">Where they are added.</param>
    /// <param name="prefix">What stands before their names: <c>rnn</c>, <c>encoder</c> or <c>decoder</c>.</param>
    /// <param name="panels">Gates and units.</param>
    /// <param name="inputs">Inputs.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="direction">0 is forward, 1 backward.</param>
    /// <param name="peepholes">Whether there are peepholes.</param>
    public static StackTensors Add(ParameterTable.Builder builder, string prefix, PanelShape panels, int inputs, int layer, int direction, bool peepholes)
    {
        var weightIh = builder.AddWeight(Name("weight_ih"), panels, inputs);
        var weightHh = builder.AddWeight(Name("weight_hh"), panels, panels.Units);
        var biasIh = builder.AddBias(Name("bias_ih"), panels);
        var biasHh = builder.AddBias(Name("bias_hh"), panels);
        return peepholes
            ? new StackTensors(weightIh, weightHh, biasIh, biasHh, Peephole("weight_ci"), Peephole("weight_cf"), Peephole("weight_co"))
            : new StackTensors(weightIh, weightHh, biasIh, biasHh, null, null, null);

        TensorInfo Peephole(string name) => builder.AddRowMajor(Name(name), [panels.Units]);

        string Name(string name) =>
            string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{prefix}.{name}_l{layer}{(direction == 1 ? "_reverse" : "")}");
    }
}
