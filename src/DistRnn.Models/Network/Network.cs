using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>A network's parameters: which tensors there are, in PyTorch's order and with PyTorch's names, and how they begin.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class Network
{
    /// <summary>Lays out the parameters.</summary>
    /// <param name="options">What the network is made of.</param>
    /// <exception cref="ArgumentException">The options contradict each other or are out of range.</exception>
    public Network(NetworkOptions options) => throw new NotImplementedException();

    /// <summary>What the network is made of.</summary>
    public NetworkOptions Options => throw new NotImplementedException();

    /// <summary>The tensors.</summary>
    public ParameterTable Parameters => throw new NotImplementedException();

    /// <summary>Sets the parameters to their beginning, drawn from the seed in PyTorch's order.</summary>
    /// <param name="seed">The job's seed.</param>
    /// <param name="parameters">The flat vector.</param>
    public void Initialize(ulong seed, FloatBuffer parameters) => throw new NotImplementedException();
}
