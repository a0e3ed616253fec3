using Xunit;

namespace DistRnn.Rules.Tests;

/// <summary>Arrows point one way: what each project may use, and nothing else. A parameter server never sees a layer.</summary>
public sealed class ProjectDirectionTests
{
    private static readonly Dictionary<string, string[]> s_mayUse = new(StringComparer.Ordinal)
    {
        ["Numerics"] = [],
        ["Models"] = ["Numerics"],
        ["Optimizers"] = ["Numerics"],
        ["Data"] = ["Numerics"],
        ["Formats"] = ["Numerics"],
        ["Training"] = ["Numerics", "Models", "Optimizers", "Data", "Formats"],
        ["Protocol"] = ["Numerics", "Optimizers"],
        ["Runtime"] = ["Numerics", "Models", "Optimizers", "Data", "Formats", "Training", "Protocol"],
        ["Cluster"] = ["Numerics", "Models", "Optimizers", "Data", "Formats", "Training", "Protocol", "Runtime"],
        ["Simulation"] = ["Numerics", "Models", "Optimizers", "Data", "Formats", "Training", "Protocol", "Runtime"],
        ["Dashboard"] = ["Numerics", "Optimizers", "Protocol"],
        ["Cli"] = ["Numerics", "Models", "Optimizers", "Data", "Formats", "Training", "Protocol", "Runtime", "Cluster", "Simulation", "Dashboard"],
    };

    /// <summary>Packages that only some projects may see.</summary>
    private static readonly Dictionary<string, string[]> s_packages = new(StringComparer.Ordinal)
    {
        ["CsvHelper"] = ["Data"],
        ["YamlDotNet"] = ["Training", "Cluster", "Simulation", "Cli"],
        ["System.CommandLine"] = ["Cli"],
        ["Spectre.Console"] = ["Cli"],
        ["Akka"] = ["Cluster"],
        ["Google.Protobuf"] = ["Cluster"],
        ["Grpc"] = ["Cluster"],
    };

    public static TheoryData<string> SourceProjects => [.. Repository.SourceProjects];

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void References_OfAProject_PointDownTheTable(string name)
    {
        Assert.True(s_mayUse.TryGetValue(ShortName(name), out var allowed), $"{name} is not in the table of projects.");
        foreach (var reference in Repository.ReferencesOf(Repository.Project("src", name)))
            Assert.True(allowed.Contains(ShortName(reference)), $"{name} may use {string.Join(", ", allowed)}, not {reference}.");
    }

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void Packages_OfAProject_AreThoseItMaySee(string name)
    {
        foreach (var package in Repository.Includes(Repository.Project("src", name), "PackageReference"))
        {
            foreach (var (prefix, projects) in s_packages)
            {
                if (package == prefix || package.StartsWith(prefix + ".", StringComparison.Ordinal))
                    Assert.True(projects.Contains(ShortName(name)), $"{package} is for {string.Join(", ", projects)}, not for {name}.");
            }
        }
    }

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void Tests_OfAProject_MirrorIt(string name) => Assert.Contains(name + ".Tests", Repository.TestProjects);

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void Project_UnderSrc_IsInTheSolution(string name) => Assert.Contains($"{name}.csproj", Repository.Read("DistRnn.sln"), StringComparison.Ordinal);

    [Fact]
    public void Projects_UnderTests_AreInTheSolution()
    {
        var solution = Repository.Read("DistRnn.sln");
        Assert.All(Repository.TestProjects, name => Assert.Contains($"{name}.csproj", solution, StringComparison.Ordinal));
    }

    [Fact]
    public void Reference_TheOracle_UsesNothingOfTheProduct()
    {
        Assert.Contains("DistRnn.Reference", Repository.TestProjects);
        Assert.Empty(Repository.ReferencesOf(Repository.Project("tests", "DistRnn.Reference")));
    }

    private static string ShortName(string project) => project["DistRnn.".Length..];
}
