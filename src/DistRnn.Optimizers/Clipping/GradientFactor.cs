namespace DistRnn.Optimizers;

/// <summary>
/// What each element of a batch's summed gradient is multiplied by, once: it divides by the count and clips by the global norm, as
/// torch.nn.utils.clip_grad_norm_ does. A pure function of numbers that every partition can be told.
/// </summary>
/// <param name="Value">float(min(1, clip / (norm / count + 1e-6)) / count); without clipping float(1 / count). 0 where the norm is not finite.</param>
/// <param name="Norm">The norm of the gradient after division by the count and before clipping: norm / count. What metrics call grad_norm.</param>
/// <param name="IsFinite">Whether the norm is finite, and so every element of the gradient; where it is not, there is to be no update.</param>
public readonly record struct GradientFactor(float Value, double Norm, bool IsFinite)
{
    /// <summary>Computes the factor, in double, rounded to float at the end.</summary>
    /// <param name="squaredNorm">The sum of the squares of the summed gradient; a NaN or infinity among the elements makes it one too.</param>
    /// <param name="count">What the gradient is divided by, at least 1: the batch's target tokens or its sequences.</param>
    /// <param name="clipNorm">The largest norm of the divided gradient, above 0; null for no clipping.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count or the clip norm is not positive, or the squared norm is negative.</exception>
    public static GradientFactor Of(double squaredNorm, long count, double? clipNorm)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        if (clipNorm is { } given && !(given > 0))
            throw new ArgumentOutOfRangeException(nameof(clipNorm), clipNorm, "The clip norm is not above 0.");
        if (squaredNorm < 0)
            throw new ArgumentOutOfRangeException(nameof(squaredNorm), squaredNorm, "A sum of squares is not negative.");
        var norm = Math.Sqrt(squaredNorm) / count;
        if (!double.IsFinite(norm))
            return new GradientFactor(0, norm, false);
        var share = clipNorm is { } clip ? clip / (norm + 1e-6) : 1;
        return new GradientFactor((float)((share < 1 ? share : 1) / count), norm, true);
    }
}
