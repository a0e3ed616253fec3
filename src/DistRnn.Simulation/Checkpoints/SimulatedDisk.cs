using DistRnn.Protocol;
using DistRnn.Runtime;

namespace DistRnn.Simulation;

/// <summary>A checkpoint as disks hold it.</summary>
/// <param name="Content">The version, whole; whoever made it disposes of it.</param>
/// <param name="Fingerprint">Its fingerprint.</param>
/// <param name="Incarnation">The run's incarnation when it was made.</param>
/// <param name="Term">The term of the coordinator that had it made.</param>
internal sealed record StoredCheckpoint(VersionContent Content, string Fingerprint, int Incarnation, long Term)
{
    /// <summary>The version.</summary>
    public long Version => Content.Version;
}

/// <summary>What a host keeps from one process to the next: the newest checkpoints that were written there.</summary>
internal sealed class SimulatedDisk
{
    private const int Kept = 3;
    private readonly SortedDictionary<long, StoredCheckpoint> _checkpoints = [];

    /// <summary>How often everything was lost: a ledger is one life of a disk.</summary>
    public int Losses { get; private set; }

    /// <summary>The highest term in the ledger of this host; 0 where none is there.</summary>
    public long Term { get; private set; }

    /// <summary>The highest incarnation in the ledger of this host; -1 where none is there.</summary>
    public int Incarnation { get; private set; } = -1;

    /// <summary>The newest checkpoint, or null.</summary>
    public StoredCheckpoint? Newest => _checkpoints.Count == 0 ? null : _checkpoints.Last().Value;

    /// <summary>A checkpoint, or null.</summary>
    /// <param name="version">Its version.</param>
    public StoredCheckpoint? this[long version] => _checkpoints.GetValueOrDefault(version);

    /// <summary>Writes a checkpoint; the oldest ones go.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    public void Write(StoredCheckpoint checkpoint)
    {
        _checkpoints[checkpoint.Version] = checkpoint;
        while (_checkpoints.Count > Kept)
            _checkpoints.Remove(_checkpoints.First().Key);
    }

    /// <summary>Writes an event of the ledger.</summary>
    /// <param name="place">Its place.</param>
    public void Write(LedgerPlace place) => (Term, Incarnation) = (Math.Max(Term, place.Term), Math.Max(Incarnation, place.Incarnation));

    /// <summary>Loses everything.</summary>
    public void Lose()
    {
        _checkpoints.Clear();
        (Term, Incarnation) = (0, -1);
        Losses++;
    }
}
