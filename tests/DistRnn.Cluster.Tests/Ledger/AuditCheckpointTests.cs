using DistRnn.Formats;
using DistRnn.Protocol;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>The checkpoints of a run that was really trained have the fingerprints they claim, and not after someone changed them.</summary>
public sealed class AuditCheckpointTests : IDisposable
{
    private readonly TinyJob _job = new();

    private CheckpointDirectory Checkpoints => new(Path.Combine(_job["run"], "checkpoints"));

    public void Dispose() => _job.Dispose();

    [Fact]
    public void Audit_OfCheckpointsAsTheyWereWritten_ComputesEachAgainAndFindsNothing()
    {
        Train();
        var result = Audit.Run(_job["run"]);
        Assert.Empty(result.Violations);
        Assert.Equal(Checkpoints.Steps.Length, result.Checkpoints);
        Assert.Superset(new HashSet<long> { 2, 4, 6 }, Checkpoints.Steps.ToHashSet());
    }

    [Fact]
    public void Audit_OfAChangedPart_NamesTheFile()
    {
        Train();
        var file = Path.Combine(_job["run"], "checkpoints", "step-4", "parameters.safetensors");
        var content = File.ReadAllBytes(file);
        content[^1] ^= 1;
        File.WriteAllBytes(file, content);
        var violation = Assert.Single(Audit.Run(_job["run"]).Violations);
        Assert.Equal((AuditRule.CheckpointDamaged, 4), (violation.Rule, violation.Step));
        Assert.Contains(file, violation.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Audit_OfAManifestThatClaimsAnotherFingerprint_SaysBoth()
    {
        Train();
        var path = Path.Combine(_job["run"], "checkpoints", "step-4", Checkpoint.ManifestName);
        var manifest = Manifest.FromJson(File.ReadAllBytes(path), path);
        File.WriteAllBytes(path, (manifest with { Fingerprint = new string('0', 64) }).ToJson());
        var violation = Assert.Single(Audit.Run(_job["run"]).Violations);
        Assert.Equal((AuditRule.FingerprintDiffers, 4), (violation.Rule, violation.Step));
        Assert.Contains($"has the fingerprint {manifest.Fingerprint}; its manifest claims {new string('0', 64)}", violation.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Audit_OfALedgerThatClaimsAnotherFingerprint_SaysBoth()
    {
        Train(new string('0', 64), new string('1', 64));
        Assert.Equal(
            [(AuditRule.FingerprintDiffers, 2L), (AuditRule.FingerprintDiffers, 6L)],
            Audit.Run(_job["run"]).Violations.Select(violation => (violation.Rule, violation.Step)));
    }

    [Fact]
    public void Audit_OfACheckpointWhoseWritingWasCutOff_PassesItOver()
    {
        Train();
        File.Delete(Path.Combine(_job["run"], "checkpoints", "step-4", Checkpoint.ManifestName));
        var result = Audit.Run(_job["run"]);
        Assert.Empty(result.Violations);
        Assert.Equal(Checkpoints.Steps.Length - 1, result.Checkpoints);
    }

    private void Train(string? claimedOfStep2 = null, string? claimedOfTheEnd = null)
    {
        var summary = _job.Train(_job.Job(), _job["run"]);
        using var writer = LedgerWriter.Open(Path.Combine(_job["run"], Audit.LedgerName));
        var sequence = 0L;
        void Record(long step, LedgerEvent entry) => writer.Record(entry with { At = new LedgerPlace(1, ++sequence, 0, step) });
        Record(0, new TermBegan("c"));
        Record(0, new RunStarted("run", "", "", "synchronous", "none", 1, 1));
        for (var step = 0; step < summary.Steps; step++)
        {
            Record(step, new ShardEntered(0, 1, 1, "w", 0, ""));
            Record(step, new StepCommitted(1, 1, 1, 1, 1, 0.1, true, 1));
        }
        foreach (var step in Checkpoints.Steps)
            Record(step, new CheckpointComplete("", step == 2 && claimedOfStep2 is not null ? claimedOfStep2 : Checkpoints.Open(step).Manifest.Fingerprint));
        Record(summary.Steps, new RunEnded("completed", "", claimedOfTheEnd ?? summary.Fingerprint));
    }
}
