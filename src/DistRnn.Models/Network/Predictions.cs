namespace DistRnn.Models;

/// <summary>
/// What a network says of one shard, reused from shard to shard. Rows and steps are those of the <see cref="Numerics.SequenceBatch"/>, in its order.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class Predictions
{
    private float[] _values = [];
    private int[] _classes = [];
    private double[] _losses = [];

    /// <summary>
    /// Which of the outputs <see cref="Values"/> holds: for classes per step only where the caller asks, since they are many.
    /// </summary>
    public bool WantsValues { get; init; } = true;

    /// <summary>Steps (for a class per step) or rows of the shard.</summary>
    public int Count { get; private set; }

    /// <summary>Classes or real values of each.</summary>
    public int Size { get; private set; }

    /// <summary>
    /// Probabilities of the classes, or real values with the known forecast added, [Count, Size]; empty where not wanted.
    /// </summary>
    public ReadOnlySpan<float> Values => _values.AsSpan(0, WantsValues ? Count * Size : 0);

    /// <summary>The most probable class, the first where several are equal, [Count]; empty for real values.</summary>
    public ReadOnlySpan<int> Classes => _classes.AsSpan(0, ClassCount);

    /// <summary>The loss of each target, [Count]; 0 where there is no target.</summary>
    public ReadOnlySpan<double> Losses => _losses.AsSpan(0, Count);

    /// <summary>Sums over the shard.</summary>
    public ShardResult Result { get; internal set; }

    internal Span<float> MutableValues => _values.AsSpan(0, WantsValues ? Count * Size : 0);

    internal Span<int> MutableClasses => _classes.AsSpan(0, ClassCount);

    internal Span<double> MutableLosses => _losses.AsSpan(0, Count);

    private int ClassCount { get; set; }

    internal void Reset(int count, int size, bool classes)
    {
        (Count, Size, ClassCount) = (count, size, classes ? count : 0);
        if (WantsValues && _values.Length < checked(count * size))
            _values = new float[count * size];
        if (classes && _classes.Length < count)
            _classes = new int[count];
        if (_losses.Length < count)
            _losses = new double[count];
    }
}
