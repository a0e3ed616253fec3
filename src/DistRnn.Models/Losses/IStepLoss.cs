using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// A loss of a class at every step, fused with the output layer's products: each step for itself (<see cref="SoftmaxLoss"/>) or the steps of a sequence
/// together (<see cref="CrfLoss"/>).
/// </summary>
/// <remarks>Members that take a thread are called by every thread of the team at once; all else by one.</remarks>
internal unsafe interface IStepLoss : IDisposable
{
    /// <summary>Bytes held.</summary>
    long Bytes { get; }

    /// <summary>The class to predict of each row, or -1; to be written between <see cref="Prepare"/> and <see cref="Run"/>.</summary>
    Span<int> Targets { get; }

    /// <summary>The class of each row after <see cref="Run"/>; -1 where it was not asked for.</summary>
    ReadOnlySpan<int> Classes { get; }

    /// <summary>The loss of each row; 0 without a target. A loss of a whole sequence stands in the row of its first target.</summary>
    ReadOnlySpan<double> Losses { get; }

    /// <summary>Sets the parameters that are the loss's own.</summary>
    /// <param name="parameters">The flat vector.</param>
    void SetParameters(FloatBuffer parameters)
    {
    }

    /// <summary>Makes room.</summary>
    /// <param name="rows">Rows.</param>
    void Prepare(int rows);

    /// <summary>From inputs to losses, and back to the inputs' gradient; ends with a barrier.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="x">The layer's inputs, from row 0.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="mode">What is wanted.</param>
    /// <param name="dx">Where the inputs' gradient goes, from row 0.</param>
    void Run(int thread, in LeftOperand x, int rows, SoftmaxMode mode, RowBlock dx);

    /// <summary>This thread's share of the gradient of the loss's own parameters, after <see cref="Run"/>.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="gradient">The flat gradient.</param>
    void Gradients(int thread, float* gradient)
    {
    }

    /// <summary>Whether a row's class is its target.</summary>
    /// <param name="row">The row.</param>
    bool IsCorrect(int row);

    /// <summary>A row's probabilities after <see cref="Run"/> in mode <see cref="SoftmaxMode.Probabilities"/>.</summary>
    /// <param name="row">The row.</param>
    /// <param name="destination">Where they go, a value a class.</param>
    void CopyProbabilities(int row, Span<float> destination);
}
