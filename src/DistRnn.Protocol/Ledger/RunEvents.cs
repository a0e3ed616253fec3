namespace DistRnn.Protocol;

/// <summary>A run began, or went on after all of it had stopped. The place's step is the version it began with; where that is older than what the ledger already has, the incarnation is a new one.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="JobSha256">SHA-256 of the job with every default spelled out, 64 hexadecimal digits.</param>
/// <param name="DataDigest">The digest of data, vocabularies and plan.</param>
/// <param name="Consistency">The policy as the job spells it: <c>synchronous</c>, <c>bounded-staleness(n)</c> or <c>asynchronous</c>.</param>
/// <param name="Codec">The codec as the job spells it.</param>
/// <param name="Shards">Shards of a batch, at least 1.</param>
/// <param name="Partitions">Partitions of the parameter vector, at least 1.</param>
public sealed record RunStarted(string Run, string JobSha256, string DataDigest, string Consistency, string Codec, int Shards, int Partitions) : LedgerEvent;

/// <summary>A coordinator is in charge: every owner of a partition promised it the place's term. It is the first event of its term.</summary>
/// <param name="Coordinator">The coordinator's address.</param>
public sealed record TermBegan(string Coordinator) : LedgerEvent;

/// <summary>A version is durable: enough hosts hold all that its manifest names. The place's step is the version.</summary>
/// <param name="ManifestSha256">SHA-256 of the manifest, 64 hexadecimal digits.</param>
/// <param name="Fingerprint">The fingerprint of the parameters, 64 hexadecimal digits.</param>
public sealed record CheckpointComplete(string ManifestSha256, string Fingerprint) : LedgerEvent;

/// <summary>All partitions went back to an older version. The place has the new incarnation, above the last.</summary>
/// <param name="From">The version that was lost, as far as the coordinator that records it knew; one that has just taken over may not.</param>
/// <param name="To">The version that the run goes on from.</param>
/// <param name="Reason">Why, a sentence.</param>
public sealed record RolledBack(long From, long To, string Reason) : LedgerEvent;

/// <summary>A run ended. The place's step is the version it ended with.</summary>
/// <param name="Status">The status as the summary spells it: <c>completed</c>, <c>failed</c>, <c>stopped</c>, <c>interrupted</c> or <c>cancelled</c>.</param>
/// <param name="Reason">Why, a sentence; empty where there is nothing to say.</param>
/// <param name="Fingerprint">The fingerprint of the last version, 64 hexadecimal digits; empty where it is not known.</param>
public sealed record RunEnded(string Status, string Reason, string Fingerprint) : LedgerEvent;

/// <summary>
/// Records of some steps were on hosts that are gone: a coordinator that took the run over found it further than any ledger that was left. These steps were made,
/// and what entered them is not known any more. The place is behind the last event that is known.
/// </summary>
/// <param name="From">The first step without all its records.</param>
/// <param name="To">The step after the last one, above <paramref name="From"/>.</param>
/// <param name="Reason">Why, a sentence.</param>
public sealed record RecordsLost(long From, long To, string Reason) : LedgerEvent;
