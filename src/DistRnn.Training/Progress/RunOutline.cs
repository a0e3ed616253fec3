using System.Collections.Immutable;

namespace DistRnn.Training;

/// <summary>What a run is made of, known before its first step: what <c>train --dry-run</c> prints.</summary>
public sealed record RunOutline
{
    /// <summary>The task's name, such as <c>language-model</c>.</summary>
    public required string Task { get; init; }

    /// <summary>The run directory, absolute; null where nothing will be written.</summary>
    public string? Directory { get; init; }

    /// <summary>The parts of the data, each in words.</summary>
    public required ImmutableArray<string> Data { get; init; }

    /// <summary>Names and shapes of all tensors, in PyTorch's order.</summary>
    public required ImmutableArray<TensorOutline> Tensors { get; init; }

    /// <summary>Parameters that are trained.</summary>
    public required long Parameters { get; init; }

    /// <summary>Bytes of parameters, gradient, optimiser state and carried state; the data and the working memory of a step come on top.</summary>
    public required long StateBytes { get; init; }

    /// <summary>Bytes of the first step's working memory; 0 before it has been measured.</summary>
    public required long WorkingBytes { get; init; }

    /// <summary>Steps of the first epoch.</summary>
    public required long StepsPerEpoch { get; init; }

    /// <summary>Steps in all.</summary>
    public required long Steps { get; init; }

    /// <summary>Epochs in all; where the job asks for steps, those they reach into.</summary>
    public required int Epochs { get; init; }

    /// <summary>Shards of a batch.</summary>
    public required int Shards { get; init; }

    /// <summary>Threads that compute.</summary>
    public required int Threads { get; init; }

    /// <summary>Bytes that cross between processes a step: 0 where one process computes everything.</summary>
    public required long BytesPerStep { get; init; }

    /// <summary>The step the run goes on from; 0 where it begins afresh.</summary>
    public long ResumedFrom { get; init; }
}

/// <summary>A tensor's name and shape.</summary>
/// <param name="Name">PyTorch's name.</param>
/// <param name="Shape">PyTorch's dimensions, outermost first.</param>
public sealed record TensorOutline(string Name, ImmutableArray<int> Shape);
