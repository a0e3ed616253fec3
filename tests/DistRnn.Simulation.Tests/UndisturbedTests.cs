using Xunit;

namespace DistRnn.Simulation.Tests;

public sealed class UndisturbedTests
{
    [Fact]
    public void Run_WithoutFaults_EndsAsTheTrainerDoes()
    {
        using var simulator = Simulator.OfSwarm();
        for (var seed = 0UL; seed < 12; seed++)
        {
            var result = simulator.Run(seed, FaultOptions.None);
            Assert.True(result.Violations.IsEmpty, $"Seed {seed} ({result.Job}): {string.Join(" ", result.Violations)}");
        }
    }
}
