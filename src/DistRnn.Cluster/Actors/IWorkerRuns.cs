using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>
/// What a worker computes with: the jobs and data of its runs. Called on the worker's compute thread, one call at a time; what it throws becomes a
/// failure with that sentence.
/// </summary>
internal interface IWorkerRuns : IDisposable
{
    /// <summary>Reads a run's job and data.</summary>
    /// <param name="offer">What is known of the run.</param>
    /// <returns><see cref="RunLoaded"/> or <see cref="RunNotLoaded"/>.</returns>
    Input Load(RunOffer offer);

    /// <summary>Lets go of a run.</summary>
    /// <param name="run">Its name; one that was never loaded is no error.</param>
    void Unload(string run);

    /// <summary>Writes parameters to their places in the run's vector, and releases the message. Throws nothing.</summary>
    /// <param name="reply">The parameters.</param>
    void Store(ParameterReply reply);

    /// <summary>Computes the gradient of a lease.</summary>
    /// <param name="order">The lease, and the carried state of its lanes.</param>
    /// <param name="ahead">Given, before the answer, each partition whose gradient is final while the rest is being computed.</param>
    /// <returns><see cref="Computed"/> or <see cref="ComputeFailed"/>.</returns>
    Input Compute(Compute order, Action<PartComputed> ahead);

    /// <summary>Evaluates a piece.</summary>
    /// <param name="lease">Which piece of which version.</param>
    /// <returns><see cref="EvaluationComputed"/> or <see cref="ComputeFailed"/>.</returns>
    Input Evaluate(EvaluationLease lease);
}
