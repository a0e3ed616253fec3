using System.Text;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>An index comes from another machine: what could be anything but a list of a run's files is refused before it is used.</summary>
public sealed class CopyIndexTests
{
    private static readonly string s_blob = new('a', 64);

    private static readonly CopyIndex s_sample = new(
        "run-1", 3, 14, 9, [new string('b', 64)],
        [new CopiedFile("checkpoints/step-9/manifest.json", [new CopiedPiece(5, s_blob)]), new CopiedFile(CopyIndex.MetricsFile, [new CopiedPiece(1, s_blob), new CopiedPiece(2, s_blob)])]);

    [Fact]
    public void FromJson_OfAnIndex_GivesTheIndex()
    {
        var read = CopyIndex.FromJson(s_sample.ToJson());
        Assert.Equal(s_sample.ToJson(), read.ToJson());
        Assert.Equal([s_blob], read.Blobs);
    }

    [Theory]
    [InlineData("checkpoints/step-9/../../x")]
    [InlineData("checkpoints/step-09/manifest.json")]
    [InlineData("checkpoints/step-x/manifest.json")]
    [InlineData("checkpoints/step-9/a/b")]
    [InlineData("/etc/passwd")]
    [InlineData("summary.json")]
    [InlineData("")]
    public void FromJson_OfAFileThatNoRunHas_IsRefused(string path) =>
        AssertRefused(s_sample with { Files = [new CopiedFile(path, [])] }, "which no run has");

    [Fact]
    public void FromJson_OfWrongNumbersAndNames_IsRefused()
    {
        AssertRefused(s_sample with { Run = "a/b" }, "names no run");
        AssertRefused(s_sample with { Run = ".." }, "names no run");
        AssertRefused(s_sample with { Term = -1 }, "negative");
        AssertRefused(s_sample with { Packages = ["x"] }, "no blob");
        AssertRefused(s_sample with { Files = [s_sample.Files[0], s_sample.Files[0]] }, "twice");
        AssertRefused(s_sample with { Files = [new CopiedFile(CopyIndex.MetricsFile, [new CopiedPiece(-1, s_blob)])] }, "no blob");
        AssertRefused(s_sample with { Files = [new CopiedFile(CopyIndex.MetricsFile, [new CopiedPiece(long.MaxValue, s_blob), new CopiedPiece(1, s_blob)])] }, "no blob");
        AssertRefused(s_sample with { Files = [new CopiedFile(CopyIndex.MetricsFile, [new CopiedPiece(1, "../x")])] }, "no blob");
    }

    [Fact]
    public void FromJson_OfMutatedBytes_GivesAnIndexOrASentence()
    {
        var (golden, seed, refused) = (s_sample.ToJson(), Environment.TickCount, 0);
        var random = new Random(seed);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = golden.ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                CopyIndex.FromJson(bytes);
            }
            catch (InvalidInputException)
            {
                refused++;
            }
            catch (Exception exception)
            {
                Assert.Fail($"Seed {seed}, {Encoding.UTF8.GetString(bytes)}: {exception}");
            }
        }
        Assert.True(refused > 0, $"Seed {seed}: nothing was refused.");
    }

    [Fact]
    public void RunList_ThereAndBack_LeavesOutWhatIsNoRun()
    {
        var run = new ListedRun("job-1", s_blob, "queued", "", "");
        var json = RunList.ToJson([run, run with { Run = "../x" }, run with { Run = "job-2", Package = "x" }, run with { Run = "job-3", Summary = "[" }, run]);
        Assert.Equal([run], RunList.FromJson(json));
        Assert.Empty(RunList.FromJson([1, 2]));
    }

    private static void AssertRefused(CopyIndex index, string why) =>
        Assert.Contains(why, Assert.Throws<InvalidInputException>(() => CopyIndex.FromJson(index.ToJson())).Message, StringComparison.Ordinal);
}
