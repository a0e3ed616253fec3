using System.Collections.Immutable;

namespace DistRnn.Simulation;

/// <summary>A fault that is planned for a time.</summary>
/// <param name="At">When.</param>
/// <param name="Kind">What.</param>
/// <param name="Target">Which host, or hosts, as bits; bit i is host i.</param>
/// <param name="Duration">How long it lasts, where it does.</param>
internal sealed record PlannedFault(TimeSpan At, FaultKind Kind, int Target, TimeSpan Duration);

/// <summary>
/// What goes wrong in one simulation, known before it begins: so a plan can be written down, cut down, and tried again. After <see cref="Until"/> nothing goes
/// wrong any more, and the run must end.
/// </summary>
/// <param name="Loss">The share of messages that are lost.</param>
/// <param name="Doubling">The share of messages that come twice.</param>
/// <param name="Lateness">The share of messages that are late.</param>
/// <param name="Until">When the safety phase ends and the liveness phase begins.</param>
/// <param name="Faults">What is planned, in order of time.</param>
internal sealed record FaultPlan(double Loss, double Doubling, double Lateness, TimeSpan Until, ImmutableArray<PlannedFault> Faults)
{
    /// <summary>Draws a plan.</summary>
    /// <param name="options">From what.</param>
    /// <param name="hosts">Hosts of the cluster.</param>
    /// <param name="spares">Further hosts that may join.</param>
    /// <param name="draws">Where its numbers come from.</param>
    public static FaultPlan Draw(FaultOptions options, int hosts, int spares, Draws draws)
    {
        var until = draws.Milliseconds(2_000, 20_000);
        var faults = new List<PlannedFault>();
        Add(options.SplitsMax, () => draws.Happens(0.4) ? FaultKind.OneWaySplit : FaultKind.Split, () => Side(), 300, 12_000);
        Add(options.CrashesMax, () => FaultKind.Crash, () => 1 << draws.Below(hosts), 200, 10_000);
        Add(options.MassCrashesMax, () => FaultKind.MassCrash, () => draws.Happens(0.2) ? (1 << hosts) - 1 : Side(), 200, 6_000);
        Add(options.StallsMax, () => FaultKind.Stall, () => 1 << draws.Below(hosts), 300, 10_000);
        Add(options.LeavesMax, () => FaultKind.Leave, () => 1 << draws.Below(hosts), 500, 10_000);
        Add(Math.Min(options.JoinsMax, spares), () => FaultKind.Join, () => 1 << (hosts + draws.Below(Math.Max(1, spares))), 0, 0);
        Add(options.SlowNodesMax, () => FaultKind.Slowness, () => 1 << draws.Below(hosts), 0, 0);
        Add(options.DiskLossesMax, () => FaultKind.DiskLost, () => 1 << draws.Below(hosts), 0, 0);
        return new FaultPlan(Share(options.LossMax), Share(options.DoublingMax), Share(options.LatenessMax), until, [.. faults.OrderBy(fault => fault.At)]);

        int Side() => 1 + draws.Below(Math.Max(1, (1 << hosts) - 2));

        double Share(double most) => draws.Happens(0.3) ? 0 : most * draws.Below(1000) / 1000;

        void Add(int most, Func<FaultKind> kind, Func<int> target, double shortest, double longest)
        {
            for (var i = draws.Below(most + 1); i > 0; i--)
                faults.Add(new PlannedFault(draws.Between(TimeSpan.Zero, until), kind(), target(), draws.Milliseconds(shortest, longest)));
        }
    }
}
