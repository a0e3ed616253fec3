using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Optimizers;

/// <summary>
/// What an update rule remembers between updates, for a whole parameter vector or a partition of one: the vectors that
/// <see cref="UpdateRule.StateNames"/> lists, in the parameters' layout, and the scalars. All of it belongs into a checkpoint.
/// </summary>
/// <remarks>Threads may update different ranges of one step at once; the rest is not thread-safe.</remarks>
public sealed unsafe class OptimizerState : IDisposable
{
    /// <summary>Makes the state before the first update: vectors of +0.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="count">Floats of the parameters that it is for, 0 or more.</param>
    public OptimizerState(UpdateRule rule, long count)
    {
        ArgumentNullException.ThrowIfNull(rule);
        Rule = rule;
        Count = count;
        Vectors = [.. rule.StateNames.Select(_ => new FloatBuffer(count))];
    }

    /// <summary>The rule.</summary>
    public UpdateRule Rule { get; }

    /// <summary>Floats of each vector.</summary>
    public long Count { get; }

    /// <summary>The vectors, one for each of <see cref="UpdateRule.StateNames"/>, [<see cref="Count"/>] each.</summary>
    public ImmutableArray<FloatBuffer> Vectors { get; }

    /// <summary>The scalars after the last committed update; set when a checkpoint is read.</summary>
    public UpdateScalars Scalars { get; set; } = UpdateScalars.Initial;

    /// <summary>The next update's constants; changes nothing.</summary>
    /// <param name="learningRate">The rate of this step, finite and 0 or more.</param>
    /// <param name="gradientFactor">What each element of the summed gradient is multiplied by; finite and 0 or more.</param>
    public UpdateStep Prepare(double learningRate, float gradientFactor) => Rule.StepAfter(Scalars, learningRate, gradientFactor);

    /// <summary>Updates a range: once for every range of a step, in any order, by any thread.</summary>
    /// <param name="step">What <see cref="Prepare"/> gave.</param>
    /// <param name="parameters">The parameters, [<see cref="Count"/>]; changed in the range.</param>
    /// <param name="gradient">The gradient's sum over the batch, [<see cref="Count"/>].</param>
    /// <param name="start">The range's first float.</param>
    /// <param name="count">Floats in the range.</param>
    /// <exception cref="ArgumentException">The step is of another rule, or a buffer of another size.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the vector.</exception>
    public void Update(in UpdateStep step, FloatBuffer parameters, FloatBuffer gradient, long start, long count)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(gradient);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Count - count);
        if (step.Rule != Rule)
            throw new ArgumentException($"The step is of {step.Rule}, the state of {Rule}.", nameof(step));
        if (parameters.Count != Count || gradient.Count != Count)
            throw new ArgumentException($"The parameters hold {parameters.Count} floats and the gradient {gradient.Count}, the state {Count}.");
        step.Update(parameters.Pointer + start, gradient.Pointer + start, VectorAt(0, start), VectorAt(1, start), count);
    }

    /// <summary>Ends a step when all its ranges are updated.</summary>
    /// <param name="step">What <see cref="Prepare"/> gave; its scalars become the state's.</param>
    public void Commit(in UpdateStep step)
    {
        if (step.Rule != Rule || step.After.Updates != Scalars.Updates + 1)
            throw new ArgumentException($"The step is update {step.After.Updates} of {step.Rule}, the state waits for {Scalars.Updates + 1} of {Rule}.", nameof(step));
        Scalars = step.After;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var vector in Vectors)
            vector.Dispose();
    }

    private float* VectorAt(int index, long start) => index < Vectors.Length ? Vectors[index].Pointer + start : null;
}
