using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// Finds the parameters of the model that a run keeps: the trainer's own, those of the best step's checkpoint, or a copy in memory where that
/// checkpoint could not be written.
/// </summary>
internal sealed class KeptModel(INetwork network) : IDisposable
{
    private FloatBuffer? _copy;
    private FloatBuffer? _loaded;
    private long _copyStep = -1;

    /// <summary>Keeps a copy in memory.</summary>
    /// <param name="step">Whose parameters they are.</param>
    /// <param name="parameters">The flat vector.</param>
    public void Remember(long step, FloatBuffer parameters)
    {
        _copy ??= new FloatBuffer(network.Parameters.Count);
        _copy.CopyFrom(parameters);
        _copyStep = step;
    }

    /// <summary>Lets go of the copy: a later best one stands on the disk.</summary>
    public void Forget()
    {
        _copy?.Dispose();
        (_copy, _copyStep) = (null, -1);
    }

    /// <summary>The kept model's step and parameters; the buffer lives as long as this object and the last step's.</summary>
    /// <param name="bestStep">The best step, or null to keep the last.</param>
    /// <param name="lastStep">The last step.</param>
    /// <param name="last">Its parameters.</param>
    /// <param name="keeper">Where older ones are.</param>
    public (long Step, FloatBuffer Parameters) Choose(long? bestStep, long lastStep, FloatBuffer last, CheckpointKeeper keeper)
    {
        if (bestStep is not { } step || step == lastStep)
            return (lastStep, last);
        if (step == _copyStep)
            return (step, _copy!);
        _loaded ??= new FloatBuffer(network.Parameters.Count);
        keeper.LoadParameters(step, _loaded);
        return (step, _loaded);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _copy?.Dispose();
        _loaded?.Dispose();
    }
}
