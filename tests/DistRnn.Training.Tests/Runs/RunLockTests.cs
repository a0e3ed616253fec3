using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Training.Tests;

/// <summary>One process at a time writes a run directory, and one that takes another's place knows it.</summary>
public sealed class RunLockTests : IDisposable
{
    private readonly string _directory = Path.Combine(Directory.CreateTempSubdirectory("distrnn-lock").FullName, "run");

    [Fact]
    public void Take_WhileAnotherHoldsIt_IsRefusedWithTheDirectory()
    {
        using var held = RunLock.Take(_directory, "one", TimeSpan.Zero);
        var refusal = Assert.Throws<InvalidInputException>(() => RunLock.Take(_directory, "one", TimeSpan.Zero));
        Assert.Contains(_directory, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("one", "one", true)]
    [InlineData("one", "two", false)]
    [InlineData("", "", false)]
    public void Take_AfterAnother_KnowsWhetherItIsTheSameExecution(string first, string second, bool isTakenOver)
    {
        using (var held = RunLock.Take(_directory, first, TimeSpan.Zero))
            Assert.False(held.IsTakenOver);
        using var taken = RunLock.Take(_directory, second, TimeSpan.Zero);
        Assert.Equal(isTakenOver, taken.IsTakenOver);
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_directory)!, recursive: true);
}
