namespace DistRnn.Numerics;

/// <content>The forms over spans, at the width in use.</content>
public static unsafe partial class VectorMath
{
    /// <summary>e^x of each, as <see cref="Exp{TSimd, TVector}"/>.</summary>
    /// <param name="source">Any floats.</param>
    /// <param name="destination">As many; may be the source itself.</param>
    /// <exception cref="ArgumentOutOfRangeException">The lengths differ.</exception>
    public static void Exp(ReadOnlySpan<float> source, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, source.Length);
        fixed (float* from = source, to = destination)
            SpanFunctions.Current.Exp(from, to, source.Length);
    }

    /// <summary>The natural logarithm of each, as <see cref="Log{TSimd, TVector}"/>.</summary>
    /// <param name="source">Any floats.</param>
    /// <param name="destination">As many; may be the source itself.</param>
    /// <exception cref="ArgumentOutOfRangeException">The lengths differ.</exception>
    public static void Log(ReadOnlySpan<float> source, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, source.Length);
        fixed (float* from = source, to = destination)
            SpanFunctions.Current.Log(from, to, source.Length);
    }

    /// <summary>The hyperbolic tangent of each, as <see cref="Tanh{TSimd, TVector}"/>.</summary>
    /// <param name="source">Any floats.</param>
    /// <param name="destination">As many; may be the source itself.</param>
    /// <exception cref="ArgumentOutOfRangeException">The lengths differ.</exception>
    public static void Tanh(ReadOnlySpan<float> source, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, source.Length);
        fixed (float* from = source, to = destination)
            SpanFunctions.Current.Tanh(from, to, source.Length);
    }

    /// <summary>The logistic function of each, as <see cref="Sigmoid{TSimd, TVector}"/>.</summary>
    /// <param name="source">Any floats.</param>
    /// <param name="destination">As many; may be the source itself.</param>
    /// <exception cref="ArgumentOutOfRangeException">The lengths differ.</exception>
    public static void Sigmoid(ReadOnlySpan<float> source, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, source.Length);
        fixed (float* from = source, to = destination)
            SpanFunctions.Current.Sigmoid(from, to, source.Length);
    }

    /// <summary>The rectifier of each, as <see cref="Relu{TSimd, TVector}"/>.</summary>
    /// <param name="source">Any floats.</param>
    /// <param name="destination">As many; may be the source itself.</param>
    /// <exception cref="ArgumentOutOfRangeException">The lengths differ.</exception>
    public static void Relu(ReadOnlySpan<float> source, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, source.Length);
        fixed (float* from = source, to = destination)
            SpanFunctions.Current.Relu(from, to, source.Length);
    }
}
