namespace DistRnn.Optimizers;

/// <summary>
/// What an update rule remembers beside its vectors: three numbers for the whole model, part of a checkpoint. The powers are products, one
/// multiplication an update, so that a resumed run has the same bits as one that never stopped.
/// </summary>
/// <param name="Updates">Updates made; PyTorch's "step".</param>
/// <param name="Beta1Power">beta1^Updates as a product in double; stays 1 where there is no beta1.</param>
/// <param name="Beta2Power">beta2^Updates as a product in double; stays 1 where there is no beta2.</param>
public readonly record struct UpdateScalars(long Updates, double Beta1Power, double Beta2Power)
{
    /// <summary>Before the first update.</summary>
    public static UpdateScalars Initial { get; } = new(0, 1, 1);
}
