using Xunit;

namespace DistRnn.Simulation.Tests;

public sealed class MutantTests
{
    private const ulong Seeds = 200;

    [Fact]
    public void ArrivalOrderSum_SomeSeed_ChangesTheFingerprint() => Catches(new ArrivalOrderSum(), "fingerprint");

    [Fact]
    public void LeaseWithoutAttempts_SomeSeed_HasTwoLeasesOfOneNumber() => Catches(new LeaseWithoutAttempts(), "leases");

    [Fact]
    public void StaleTermAccepted_SomeSeed_HasTwoCoordinatorsCommit() => Catches(new StaleTermAccepted(), "commits", "terms", "decisions");

    [Fact]
    public void LanesDropped_SomeSeed_ChangesTheFingerprint() => Catches(new LanesDropped(), "fingerprint");

    [Fact]
    public void CommitsAlone_SomeSeed_ChangesTheFingerprint() => Catches(new CommitsAlone(), "fingerprint", "decisions", "machine-threw");

    private static void Catches(Mutant mutant, params string[] checkers)
    {
        using var simulator = Simulator.OfSwarm();
        var other = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var seed = 0UL; seed < Seeds; seed++)
        {
            var result = simulator.Run(seed, new FaultOptions(), mutant.Hooks);
            foreach (var violation in result.Violations)
            {
                if (checkers.Contains(violation.Checker))
                    return;
                other[violation.Checker] = other.GetValueOrDefault(violation.Checker) + 1;
            }
        }
        Assert.Fail($"{mutant.GetType().Name} was not noticed by {string.Join(", ", checkers)} in {Seeds} seeds; others noticed: {string.Join(", ", other)}.");
    }
}
