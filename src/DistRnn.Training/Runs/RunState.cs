using DistRnn.Models;
using DistRnn.Numerics;
using DistRnn.Optimizers;

namespace DistRnn.Training;

/// <summary>Everything that a step changes, beside the position: what a checkpoint holds.</summary>
/// <param name="Parameters">The flat vector.</param>
/// <param name="Optimizer">The optimiser's vectors and scalars.</param>
/// <param name="Lanes">The state that lanes carry into the next step, or null where sequences are independent.</param>
internal sealed record RunState(FloatBuffer Parameters, OptimizerState Optimizer, LaneState? Lanes) : IDisposable
{
    /// <summary>Makes the state of a job, all +0.</summary>
    /// <param name="setup">The job.</param>
    public static RunState Create(TrainingSetup setup) => new(
        new FloatBuffer(setup.Network.Parameters.Count),
        new OptimizerState(setup.Trainer.Rule, setup.Network.Parameters.Count),
        setup.Plan.Lanes > 0 ? setup.Network.CreateLanes(setup.Plan.Lanes) : null);

    /// <inheritdoc/>
    public void Dispose()
    {
        Parameters.Dispose();
        Optimizer.Dispose();
        Lanes?.Dispose();
    }
}
