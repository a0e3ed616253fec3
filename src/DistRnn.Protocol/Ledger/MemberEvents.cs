namespace DistRnn.Protocol;

/// <summary>A worker can be given leases.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="Node">The machine or process that it runs on.</param>
public sealed record WorkerJoined(string Worker, string Node) : LedgerEvent;

/// <summary>A worker is gone; its leases are revoked.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="Reason">Why, a sentence.</param>
public sealed record WorkerLeft(string Worker, string Reason) : LedgerEvent;

/// <summary>A partition has a new owner.</summary>
/// <param name="Partition">The partition, from 0.</param>
/// <param name="Owner">The parameter server that owns it from now on.</param>
/// <param name="OwnerEpoch">The owner epoch, above every earlier one of the partition.</param>
public sealed record PartitionPromoted(int Partition, string Owner, long OwnerEpoch) : LedgerEvent;

/// <summary>A worker is given no more leases.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="Reason">What it did, a sentence.</param>
public sealed record Quarantined(string Worker, string Reason) : LedgerEvent;
