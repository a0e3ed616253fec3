using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Simulation.Tests;

public sealed class FaultOptionsTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Read_SomeNames_LeavesTheOthersAsTheyAre()
    {
        File.WriteAllText(_path, """{"crashes_max": 9, "loss_max": 0.25}""");
        Assert.Equal(new FaultOptions { CrashesMax = 9, LossMax = 0.25 }, FaultOptions.Read(_path));
    }

    [Theory]
    [InlineData("""{"crashes": 1}""", "crashes_max")]
    [InlineData("""{"loss_max": 0.9}""", "0.5")]
    [InlineData("""{"stalls_max": -1}""", "stalls_max")]
    [InlineData("[]", "no JSON object")]
    [InlineData("null", "null")]
    public void Read_WhatIsNoFaults_SaysWhatIsAllowed(string text, string expected)
    {
        File.WriteAllText(_path, text);
        var error = Assert.Throws<InvalidInputException>(() => FaultOptions.Read(_path));
        Assert.Contains(_path, error.Message);
        Assert.Contains(expected, error.Message);
    }
}
