namespace DistRnn.Optimizers;

/// <summary>
/// The constants of one update of the whole model, all derived from the rule, the scalars before it, the rate and the gradient factor; and the
/// update of a range with them.
/// </summary>
/// <remarks>
/// Constants are derived in double and rounded to float once. Immutable; several threads may update different ranges with one step at once.
/// </remarks>
public readonly struct UpdateStep
{
    internal UpdateStep(UpdateRule rule, UpdateScalars before, double learningRate, float gradientFactor)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(learningRate);
        ArgumentOutOfRangeException.ThrowIfNegative(gradientFactor);
        if (!double.IsFinite(learningRate))
            throw new ArgumentOutOfRangeException(nameof(learningRate), learningRate, "The rate is not finite.");
        if (!float.IsFinite(gradientFactor))
            throw new ArgumentOutOfRangeException(nameof(gradientFactor), gradientFactor, "The factor is not finite.");
        Rule = rule;
        LearningRate = learningRate;
        GradientFactor = gradientFactor;
        var adam = rule.Kind is UpdateRuleKind.Adam or UpdateRuleKind.AdamW;
        After = new UpdateScalars(before.Updates + 1, adam ? before.Beta1Power * rule.Beta1 : before.Beta1Power, adam ? before.Beta2Power * rule.Beta2 : before.Beta2Power);
        Constants = new UpdateConstants
        {
            Factor = gradientFactor,
            Rate = (float)(adam ? learningRate / (1 - After.Beta1Power) : learningRate),
            Decay = rule.Kind == UpdateRuleKind.AdamW ? 0 : (float)rule.WeightDecay,
            Keep = rule.Kind == UpdateRuleKind.AdamW ? (float)(1 - learningRate * rule.WeightDecay) : 1,
            Momentum = (float)rule.Momentum,
            MeanShare = (float)(1 - rule.Beta1),
            SquareKeep = (float)(adam ? rule.Beta2 : rule.Alpha),
            SquareShare = (float)(1 - (adam ? rule.Beta2 : rule.Alpha)),
            RootScale = (float)(adam ? 1 / Math.Sqrt(1 - After.Beta2Power) : 1),
            Epsilon = (float)rule.Epsilon,
        };
    }

    /// <summary>The rule.</summary>
    public UpdateRule Rule { get; }

    /// <summary>The learning rate of the step.</summary>
    public double LearningRate { get; }

    /// <summary>What each element of the summed gradient is multiplied by.</summary>
    public float GradientFactor { get; }

    /// <summary>The scalars once every range has been updated.</summary>
    public UpdateScalars After { get; }

    internal UpdateConstants Constants { get; }

    /// <summary>Updates a range of parameters and of the state, at the width in use.</summary>
    /// <param name="parameters">The range's first parameter; changed.</param>
    /// <param name="gradient">The range's first element of the gradient's sum over the batch; read once, not changed.</param>
    /// <param name="state0">The range in the rule's first state vector; null where it has none.</param>
    /// <param name="state1">The range in the rule's second state vector; null where it has none.</param>
    /// <param name="count">Floats, 0 or more. No alignment is asked, and nothing past the range is read or written.</param>
    /// <exception cref="InvalidOperationException">The step is a default one.</exception>
    /// <exception cref="ArgumentNullException">A pointer that the rule needs is null.</exception>
    public unsafe void Update(float* parameters, float* gradient, float* state0, float* state1, long count) =>
        Update(UpdateKernels.Current, parameters, gradient, state0, state1, count);

    internal unsafe void Update(UpdateKernels kernels, float* parameters, float* gradient, float* state0, float* state1, long count)
    {
        if (Rule is null)
            throw new InvalidOperationException("The step was not made by a rule.");
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(gradient);
        if (Rule.StateCount > 0)
            ArgumentNullException.ThrowIfNull(state0);
        if (Rule.StateCount > 1)
            ArgumentNullException.ThrowIfNull(state1);
        kernels.Update(Rule.Kind, Constants, new UpdateOperands(parameters, gradient, state0, state1), (nint)count);
    }
}
