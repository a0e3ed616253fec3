namespace DistRnn.Optimizers;

/// <summary>The courses of the learning rate. Base is training.learning-rate; steps and epochs count from 0.</summary>
public enum ScheduleKind
{
    /// <summary>base.</summary>
    None,

    /// <summary>base * factor^max(0, epoch + 1 - after): with after-epoch 4 the first four epochs have the base, the fifth the factor once.</summary>
    Decay,

    /// <summary>base * factor^reductions: one reduction after each <c>patience</c> validation results in a row that are no better than the best.</summary>
    Plateau,

    /// <summary>base * (1 + cos(pi * step / steps)) / 2: the base at step 0; it would be 0 at step <c>steps</c>, the first one after the end.</summary>
    Cosine,

    /// <summary>base * max(floor, 1 - step / steps): the base at step 0; without a floor it would be 0 at step <c>steps</c>, the first one after the end.</summary>
    Linear,
}
