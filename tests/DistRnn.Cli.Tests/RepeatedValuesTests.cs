using Xunit;

namespace DistRnn.Cli.Tests;

public sealed class RepeatedValuesTests
{
    [Theory]
    [InlineData("train job.yaml --set a=1 b.c=2 d=3 --json", "train job.yaml --set a=1 --set b.c=2 --set d=3 --json")]
    [InlineData("train --set a=1 job.yaml", "train --set a=1 job.yaml")]
    [InlineData("train --set a=1 --set b=2 job.yaml", "train --set a=1 --set b=2 job.yaml")]
    [InlineData("train a=1 b=2", "train a=1 b=2")]
    [InlineData("train --set", "train --set")]
    [InlineData("--set a=1", "--set a=1")]
    [InlineData("", "")]
    public void Expand_Arguments_AreSeparated(string arguments, string expected) =>
        Assert.Equal(Words(expected), RepeatedValues.Expand(Words(arguments)));

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
