using System.Collections.Immutable;

namespace DistRnn.Cluster;

/// <summary>Collects violations up to <see cref="Audit.ViolationsMax"/>, so that a ledger of nothing but faults stays readable.</summary>
internal sealed class AuditFindings
{
    private readonly List<AuditViolation> _violations = [];

    /// <summary>Whether no more are taken.</summary>
    public bool IsFull => _violations.Count >= Audit.ViolationsMax;

    /// <summary>What was found.</summary>
    public ImmutableArray<AuditViolation> Violations => [.. _violations.OrderBy(violation => violation.Step)];

    /// <summary>Adds a violation.</summary>
    public void Add(AuditRule rule, long step, FormattableString reason)
    {
        if (!IsFull)
            _violations.Add(new AuditViolation(rule, step, FormattableString.Invariant(reason)));
    }
}
