using DistRnn.Formats;
using DistRnn.Numerics;

namespace DistRnn.Cluster;

/// <summary>Whether the checkpoints on the disk are as they were written and have the fingerprints that their manifests and the ledger claim.</summary>
internal sealed class AuditCheckpoints(AuditHistory history, AuditFindings findings)
{
    private const string ParametersPart = "parameters.safetensors";

    /// <summary>Checkpoints whose fingerprint was computed again.</summary>
    public long Recomputed { get; private set; }

    /// <summary>Goes through the checkpoints. Directories without a manifest are no checkpoints: their writing was cut off.</summary>
    /// <param name="directory">The directory <c>checkpoints</c> of the run.</param>
    public void Check(CheckpointDirectory directory)
    {
        foreach (var step in directory.Steps.Where(step => File.Exists(Path.Combine(directory.PathOf(step), Checkpoint.ManifestName))))
        {
            try
            {
                Check(directory.Open(step));
            }
            catch (InvalidInputException error)
            {
                findings.Add(AuditRule.CheckpointDamaged, step, $"{error.Message}");
            }
        }
    }

    private void Check(Checkpoint checkpoint)
    {
        var (step, claimed) = (checkpoint.Manifest.Step, checkpoint.Manifest.Fingerprint);
        var found = CheckpointFingerprint.Of(checkpoint.PathOf(ParametersPart));
        Recomputed++;
        if (found != claimed)
            findings.Add(AuditRule.FingerprintDiffers, step, $"The checkpoint {checkpoint.Directory} has the fingerprint {found}; its manifest claims {claimed}.");
        if (history.Checkpoints.TryGetValue(step, out var complete) && complete.Fingerprint != found)
            findings.Add(AuditRule.FingerprintDiffers, step, $"The checkpoint {checkpoint.Directory} has the fingerprint {found}; the ledger claims {complete.Fingerprint}.");
        if (history.Ended is { Fingerprint.Length: > 0 } ended && ended.At.Step == step && ended.Fingerprint != found)
            findings.Add(AuditRule.FingerprintDiffers, step, $"The checkpoint {checkpoint.Directory} has the fingerprint {found}; the run ended at this version with {ended.Fingerprint}.");
    }
}
