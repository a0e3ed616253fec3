using PublicApiGenerator;
using Xunit;

namespace DistRnn.Rules.Tests;

/// <summary>
/// The public members of each project are a text file that a reviewer reads: a change of what others may build on shows as a change of that file.
/// </summary>
public sealed class PublicApiTests
{
    /// <summary>The environment variable that, set to 1, writes the files instead of comparing with them.</summary>
    private const string Variable = "DISTRNN_UPDATE_API";

    public static TheoryData<string> SourceProjects => [.. Repository.SourceProjects];

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void PublicApi_OfAProject_IsTheReviewedOne(string project)
    {
        var options = new ApiGeneratorOptions { IncludeAssemblyAttributes = false };
        var actual = SourceAssembly.Load(project).GeneratePublicApi(options).ReplaceLineEndings("\n").TrimEnd() + "\n";
        var file = Path.Combine(Repository.Root, "tests", "DistRnn.Rules.Tests", "Api", project + ".txt");
        if (Environment.GetEnvironmentVariable(Variable) == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, actual);
        }
        Assert.True(File.Exists(file), $"There is no tests/DistRnn.Rules.Tests/Api/{project}.txt; run this test with {Variable}=1 to write it, and review it.");
        var expected = File.ReadAllText(file).ReplaceLineEndings("\n");
        Assert.True(expected == actual, $"The public members of {project} differ from the reviewed ones, first in '{FirstDifference(expected, actual)}'. Where that is meant, run this test with {Variable}=1 and review the change of its file.");
    }

    [Fact]
    public void ApiFiles_InTheFolder_AreOfProjectsThatExist()
    {
        var folder = Path.Combine(Repository.Root, "tests", "DistRnn.Rules.Tests", "Api");
        Assert.All(Directory.EnumerateFiles(folder), file => Assert.Contains(Path.GetFileNameWithoutExtension(file), Repository.SourceProjects));
    }

    private static string FirstDifference(string expected, string actual)
    {
        var (before, after) = (expected.Split('\n'), actual.Split('\n'));
        for (var i = 0; i < Math.Min(before.Length, after.Length); i++)
        {
            if (before[i] != after[i])
                return $"{before[i].Trim()}' -> '{after[i].Trim()}";
        }
        return (before.Length > after.Length ? before[after.Length..] : after[before.Length..]).FirstOrDefault("").Trim();
    }
}
