using Xunit;

namespace DistRnn.Simulation.Tests;

public sealed class SwarmTests
{
    private const ulong Seeds = 90;

    [Fact]
    public void Run_WithFaults_EndsAsTheTrainerDoesAndEveryFaultFires()
    {
        using var simulator = Simulator.OfSwarm();
        var fired = new HashSet<string>(StringComparer.Ordinal);
        for (var seed = 10_000UL; seed < 10_000 + Seeds; seed++)
        {
            var result = simulator.Run(seed, new FaultOptions());
            Assert.True(result.Violations.IsEmpty, $"distrnn simulate swarm --seeds {seed}..{seed} --verbose: {string.Join(" ", result.Violations)}");
            fired.UnionWith(result.Faults.Keys);
        }
        Assert.Equal(Enum.GetValues<FaultKind>().Select(FaultNames.Of).Order(StringComparer.Ordinal), fired.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Run_SameSeedTwice_IsTheSameToTheLine()
    {
        using var simulator = Simulator.OfSwarm();
        using var another = Simulator.OfSwarm();
        for (var seed = 3UL; seed < 6; seed++)
        {
            var (first, second) = (new List<LogLine>(), new List<LogLine>());
            simulator.Run(seed, new FaultOptions(), first.Add);
            another.Run(seed + 6, new FaultOptions());
            another.Run(seed, new FaultOptions(), second.Add);
            Assert.Equal(first, second);
        }
    }
}
