using Xunit;

namespace DistRnn.Cli.Tests;

/// <summary>Mistakes with clusters end in one sentence that says what to do, and exit code 2.</summary>
public sealed class ClusterCommandTests
{
    [Theory]
    [InlineData("roles is empty", "node")]
    [InlineData("a role is one of coordinator, worker, parameter-server", "node", "--roles", "boss")]
    [InlineData("needs to be told where a coordinator is", "node", "--roles", "worker")]
    [InlineData("1 or 3", "node", "--roles", "coordinator", "--set", "coordinators=2")]
    [InlineData("'ports' is not a key", "node", "--roles", "coordinator", "--set", "ports=1")]
    [InlineData("key=value", "node", "--roles", "coordinator", "--set", "port")]
    [InlineData("cannot be read", "node", "--config", "nowhere.conf")]
    [InlineData("is not a seed node", "runs", "--seed-nodes", "here:there")]
    [InlineData("neither a job file nor a built-in job", "submit", "nothing", "--seed-nodes", "localhost:1")]
    [InlineData("--seed-nodes", "submit", "sunspots")]
    [InlineData("No coordinator answers", "status", "--seed-nodes", "127.0.0.1:1")]
    public void Command_Mistake_IsOneSentence(string sentence, params string[] arguments)
    {
        var run = CommandLine.Run(arguments);
        Assert.Equal(ExitCodes.InvalidInput, run.ExitCode);
        Assert.Contains(sentence, run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public void Node_WhoseBlobDirectoryIsAFile_EndsBeforeItIsAMember()
    {
        var file = typeof(ClusterCommandTests).Assembly.Location;
        var run = CommandLine.Run("node", "--roles", "coordinator", "--set", "port=0", "--set", "data-port=0", "--set", $"blob-directory={file}");
        Assert.Equal(ExitCodes.InvalidInput, run.ExitCode);
        Assert.Contains("Give another one as blob-directory.", run.Error, StringComparison.Ordinal);
    }
}
