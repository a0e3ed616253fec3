namespace DistRnn.Training;

internal static partial class JobSchema
{
    private static JobKey Cluster(string name, ValueKind kind, string documentation, Func<ClusterSection, object?> get, Func<ClusterSection, object?, ClusterSection> set) => new()
    {
        Path = "cluster." + name,
        Kind = kind,
        Documentation = documentation,
        MayChange = true,
        Get = job => get(job.Cluster),
        Set = (job, value) => job with { Cluster = set(job.Cluster, value) },
    };

    private static JobKey Checkpoint(string name, ValueKind kind, string documentation, Func<CheckpointSection, object?> get, Func<CheckpointSection, object?, CheckpointSection> set) => new()
    {
        Path = "checkpoint." + name,
        Kind = kind,
        Documentation = documentation,
        MayChange = true,
        Get = job => get(job.Checkpoint),
        Set = (job, value) => job with { Checkpoint = set(job.Checkpoint, value) },
    };

    private static IEnumerable<JobKey> ClusterKeys() =>
    [
        Cluster("consistency", ValueKind.Text, $"When an update may be made: {ClusterSection.AllowedConsistency}.", cluster => cluster.Consistency, (cluster, value) => cluster with { Consistency = (string)value! }) with { MayChange = false },
        Cluster("workers", ValueKind.Integer, "Workers that share the shards of each step; any number gives the same bits.", cluster => (long)cluster.Workers, (cluster, value) => cluster with { Workers = Int(value) }) with { Min = 1, Max = 10_000 },
        Cluster("coordinators", ValueKind.Integer, "Coordinators: one is in charge, two more can take its place.", cluster => (long)cluster.Coordinators, (cluster, value) => cluster with { Coordinators = Int(value) }) with { Min = 1, Max = 3, Odd = true },
        Cluster("parameter-servers", ValueKind.Integer, "Parameter servers that share the parameters; any number gives the same bits.", cluster => (long)cluster.ParameterServers, (cluster, value) => cluster with { ParameterServers = Int(value) }) with { Min = 1, Max = 10_000 },
        Cluster("threads-per-worker", ValueKind.Integer, "Compute threads of a worker; 0 shares the machine's cores out among its workers.", cluster => (long)cluster.ThreadsPerWorker, (cluster, value) => cluster with { ThreadsPerWorker = Int(value) }) with { Min = 0, Max = 1024 },
        Cluster("replicas", ValueKind.Integer, "Copies of each partition beside the owner's, where there are servers for them.", cluster => (long)cluster.Replicas, (cluster, value) => cluster with { Replicas = Int(value) }) with { Min = 0, Max = 100 },
        Cluster("codec", ValueKind.Text, $"How gradients are encoded: {ClusterSection.AllowedCodecs}.", cluster => cluster.Codec, (cluster, value) => cluster with { Codec = (string)value! }) with { MayChange = false },
        Cluster("speculation", ValueKind.Boolean, "Whether idle workers take a second copy of the slowest lease.", cluster => cluster.Speculation, (cluster, value) => cluster with { Speculation = (bool)value! }),
        Cluster("verify", ValueKind.Number, "The fraction of shards computed twice.", cluster => cluster.Verify, (cluster, value) => cluster with { Verify = (double)value! }) with { Min = 0, Max = 1 },
        Cluster("non-finite", ValueKind.Choice, "What happens to a step whose gradient is not finite.", cluster => JobNames.Of(cluster.NonFinite), (cluster, value) => cluster with { NonFinite = JobNames.Parse<NonFinitePolicy>((string)value!) }) with
        {
            Choices = [.. JobNames.All<NonFinitePolicy>()], MayChange = false,
        },
        Cluster("failover", ValueKind.Choice, "How soon a silent machine is given up.", cluster => cluster.Failover, (cluster, value) => cluster with { Failover = (string)value! }) with { Choices = ["balanced", "fast", "cloud"] },
    ];

    private static IEnumerable<JobKey> CheckpointKeys() =>
    [
        Checkpoint("every-steps", ValueKind.Integer, "Steps between checkpoints.", checkpoint => checkpoint.EverySteps, (checkpoint, value) => checkpoint with { EverySteps = (long)value! }) with { Min = 1, Max = 1e15 },
        Checkpoint("keep", ValueKind.Integer, "The newest ones that are kept; the best one stays besides.", checkpoint => (long)checkpoint.Keep, (checkpoint, value) => checkpoint with { Keep = Int(value) }) with { Min = 1, Max = int.MaxValue },
        Checkpoint("copies", ValueKind.Integer, "Hosts that hold a copy; one host holds one.", checkpoint => (long)checkpoint.Copies, (checkpoint, value) => checkpoint with { Copies = Int(value) }) with { Min = 1, Max = 100 },
        Checkpoint("required", ValueKind.Boolean, "Whether a checkpoint that cannot be written stops the run.", checkpoint => checkpoint.Required, (checkpoint, value) => checkpoint with { Required = (bool)value! }),
    ];
}
