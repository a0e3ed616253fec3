namespace DistRnn.Training;

/// <summary>What happens to a step whose gradient is not finite.</summary>
public enum NonFinitePolicy
{
    /// <summary>The run stops.</summary>
    Stop,

    /// <summary>The step changes nothing.</summary>
    Skip,

    /// <summary>The step changes nothing, and the learning rate is halved from then on.</summary>
    HalveRate,
}

/// <summary>
/// The section <c>cluster</c> of a job: who computes, and what an update waits for. Counts cannot change a result; the codec and the consistency can.
/// </summary>
public sealed record ClusterSection
{
    /// <summary>The codec that rounds every node of the gradient tree to 16 bits.</summary>
    internal const string Bfloat16 = "bf16";

    /// <summary>What <see cref="Consistency"/> may be, for messages and help.</summary>
    internal const string AllowedConsistency = "synchronous, bounded-staleness(3), asynchronous";

    /// <summary>What <see cref="Codec"/> may be, for messages and help.</summary>
    internal const string AllowedCodecs = "none, bf16, int8, top-k(0.01)";

    /// <summary>When an update may be made: <c>synchronous</c>, <c>bounded-staleness(N)</c> or <c>asynchronous</c>.</summary>
    public string Consistency { get; init; } = "synchronous";

    /// <summary>Workers, at least 1.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Coordinators, 1 or 3.</summary>
    public int Coordinators { get; init; } = 1;

    /// <summary>Parameter servers, at least 1.</summary>
    public int ParameterServers { get; init; } = 1;

    /// <summary>Compute threads of a worker, at least 1; 0 for the machine's cores.</summary>
    public int ThreadsPerWorker { get; init; }

    /// <summary>Copies of each partition beside the owner's, at least 0.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>How gradients are encoded: <c>none</c>, <c>bf16</c>, <c>int8</c> or <c>top-k(F)</c>.</summary>
    public string Codec { get; init; } = "none";

    /// <summary>Whether idle workers take a second copy of the slowest lease.</summary>
    public bool Speculation { get; init; } = true;

    /// <summary>The fraction of shards that two workers compute, to compare; 0 to 1.</summary>
    public double Verify { get; init; }

    /// <summary>What happens to a step whose gradient is not finite.</summary>
    public NonFinitePolicy NonFinite { get; init; } = NonFinitePolicy.Stop;

    /// <summary>How soon a silent machine is given up: balanced, fast or cloud.</summary>
    public string Failover { get; init; } = "balanced";
}

/// <summary>The section <c>checkpoint</c> of a job.</summary>
public sealed record CheckpointSection
{
    /// <summary>Steps between checkpoints, at least 1.</summary>
    public long EverySteps { get; init; } = 500;

    /// <summary>Newest checkpoints that are kept, at least 1; the best one stays besides.</summary>
    public int Keep { get; init; } = 3;

    /// <summary>Hosts that hold a copy, at least 1; a run on one host has one.</summary>
    public int Copies { get; init; } = 2;

    /// <summary>Whether a checkpoint that cannot be written stops the run.</summary>
    public bool Required { get; init; } = true;
}
