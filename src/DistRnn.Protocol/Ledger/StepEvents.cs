namespace DistRnn.Protocol;

/// <summary>Shards of a step were leased to a worker.</summary>
/// <param name="FirstShard">The first shard, from 0.</param>
/// <param name="Shards">How many neighbouring shards, at least 1.</param>
/// <param name="Attempt">The lease's number among those of these shards, from 1.</param>
/// <param name="Worker">The worker.</param>
/// <param name="Node">The machine or process that the worker runs on.</param>
public sealed record StepLeased(int FirstShard, int Shards, int Attempt, string Worker, string Node) : LedgerEvent;

/// <summary>
/// The gradient of some shards became part of a partition's update. A worker may push the sum of an aligned subtree, so there may be several shards in one. All entries
/// of a synchronous step are recorded when every partition has reported; where a coordinator dies then, the next one records what the partitions report to it, and
/// its entries are those of the update.
/// </summary>
/// <param name="FirstShard">The first shard, from 0.</param>
/// <param name="Shards">How many neighbouring shards, at least 1.</param>
/// <param name="Attempt">The attempt whose result it was, from 1.</param>
/// <param name="Worker">The worker that computed it.</param>
/// <param name="Partition">The partition, from 0.</param>
/// <param name="Digest">The digest of the gradient as it was pushed, in hexadecimal digits; empty where none was made.</param>
public sealed record ShardEntered(int FirstShard, int Shards, int Attempt, string Worker, int Partition, string Digest) : LedgerEvent;

/// <summary>A step was settled: every partition stands at the next version.</summary>
/// <param name="Shards">Shards that had sequences, at least 1; they are the first ones of the batch.</param>
/// <param name="Partitions">Partitions that made the update, at least 1; all there are.</param>
/// <param name="Factor">What every element of the gradient was multiplied with.</param>
/// <param name="Norm">The norm of the divided gradient before clipping.</param>
/// <param name="Loss">The step's mean loss a target.</param>
/// <param name="Rate">The learning rate.</param>
/// <param name="Applied">False where the gradient was not finite and the step was passed over: the parameters stayed as they were.</param>
/// <param name="FactorTerm">
/// The term under which the partitions were given the factor, at most the place's. A coordinator that takes over gives the factor that it finds at the newest version
/// once more under its own term, so the first step it commits may be the last one of its predecessor, with the same factor; none behind it may.
/// </param>
public sealed record StepCommitted(int Shards, int Partitions, float Factor, double Norm, double Loss, double Rate, bool Applied, long FactorTerm) : LedgerEvent;

/// <summary>A second result of shards that had already entered a partition's update was compared with the first, and dropped.</summary>
/// <param name="FirstShard">The first shard, from 0.</param>
/// <param name="Shards">How many neighbouring shards, at least 1.</param>
/// <param name="Attempt">The attempt of the second result, from 1.</param>
/// <param name="Worker">The worker that computed the second result.</param>
/// <param name="Partition">The partition, from 0.</param>
/// <param name="IsEqual">Whether both were the same to the bit.</param>
public sealed record DuplicateCompared(int FirstShard, int Shards, int Attempt, string Worker, int Partition, bool IsEqual) : LedgerEvent;

/// <summary>A part was evaluated at a version, and what follows from it was decided. The decision stands before the next step begins.</summary>
/// <param name="Part">The part: <c>valid</c> or <c>test</c>.</param>
/// <param name="Metric">The metric that decides.</param>
/// <param name="Value">Its value.</param>
/// <param name="IsBest">Whether the version is the best so far.</param>
/// <param name="EndsRun">Whether patience is over, so that no step follows.</param>
public sealed record Evaluated(string Part, string Metric, double Value, bool IsBest, bool EndsRun) : LedgerEvent;
