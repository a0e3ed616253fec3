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
    TensorInfo WeightIh, TensorInfo WeightHh, TensorInfo BiasIh, TensorInfo BiasHh, TensorInfo? PeepholeI, TensorInfo? PeepholeF, TensorInfo? PeepholeO);
