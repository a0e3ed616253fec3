namespace DistRnn.Optimizers;

/// <summary>The float constants of an update; what a rule has no use for is neutral.</summary>
internal readonly record struct UpdateConstants
{
    /// <summary>What a gradient is multiplied by first.</summary>
    public float Factor { get; init; }

    /// <summary>The rate; of the Adams divided by 1 - beta1^t.</summary>
    public float Rate { get; init; }

    /// <summary>The decay added to the gradient; 0 adds nothing, not even +0 to -0.</summary>
    public float Decay { get; init; }

    /// <summary>What a parameter is multiplied by before the update: 1 - rate * decay of AdamW.</summary>
    public float Keep { get; init; }

    /// <summary>mu.</summary>
    public float Momentum { get; init; }

    /// <summary>1 - beta1.</summary>
    public float MeanShare { get; init; }

    /// <summary>beta2, or alpha.</summary>
    public float SquareKeep { get; init; }

    /// <summary>1 - beta2, or 1 - alpha.</summary>
    public float SquareShare { get; init; }

    /// <summary>1 / sqrt(1 - beta2^t).</summary>
    public float RootScale { get; init; }

    /// <summary>epsilon.</summary>
    public float Epsilon { get; init; }
}

/// <summary>Where an update reads and writes.</summary>
internal readonly unsafe struct UpdateOperands(float* parameters, float* gradient, float* state0, float* state1)
{
    public readonly float* Parameters = parameters;
    public readonly float* Gradient = gradient;
    public readonly float* State0 = state0;
    public readonly float* State1 = state1;
}
