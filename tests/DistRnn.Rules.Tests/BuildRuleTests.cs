using System.Xml.Linq;
using Xunit;

namespace DistRnn.Rules.Tests;

/// <summary>What the build has to enforce, is switched on everywhere and off nowhere.</summary>
public sealed class BuildRuleTests
{
    private static readonly XDocument s_build = XDocument.Load(Path.Combine(Repository.Root, "Directory.Build.props"));

    public static TheoryData<string> PureProjects => ["DistRnn.Numerics", "DistRnn.Models", "DistRnn.Optimizers", "DistRnn.Protocol"];

    [Theory]
    [InlineData("TreatWarningsAsErrors")]
    [InlineData("EnforceCodeStyleInBuild")]
    [InlineData("DisableTransitiveProjectReferences")]
    [InlineData("InvariantGlobalization")]
    [InlineData("GenerateDocumentationFile")]
    [InlineData("Deterministic")]
    public void Switch_OfTheWholeBuild_IsOn(string name) => Assert.Equal("true", Repository.Property(s_build, name));

    [Fact]
    public void Nullable_OfTheWholeBuild_IsEnabled() => Assert.Equal("enable", Repository.Property(s_build, "Nullable"));

    [Fact]
    public void DocumentationFile_Condition_IsEverythingUnderSrc()
    {
        var group = s_build.Descendants("GenerateDocumentationFile").Single().Parent;
        Assert.Contains("/src/", group?.Attribute("Condition")?.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Projects_Everywhere_TurnNoRuleOff()
    {
        string[] switches = ["NoWarn", "WarningsNotAsErrors", "TreatWarningsAsErrors", "GenerateDocumentationFile", "Nullable", "DisableTransitiveProjectReferences", "TargetFramework", "LangVersion"];
        var projects = Repository.TextFiles.Where(file => file.EndsWith(".csproj", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(projects);
        foreach (var file in projects)
        {
            var project = XDocument.Load(Path.Combine(Repository.Root, file));
            foreach (var name in switches)
                Assert.False(project.Descendants(name).Any(), $"{file} sets {name}, which is Directory.Build.props' alone to say.");
            Assert.DoesNotContain(project.Descendants("PackageReference"), package => package.Attribute("Version") is not null);
        }
    }

    [Fact]
    public void Code_UnderSrc_SilencesNoMissingDocumentation() =>
        Assert.All(Repository.CodeUnder("src"), file => Assert.DoesNotContain("CS1591", Repository.Read(file), StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(PureProjects))]
    public void BannedSymbols_OfAPureProject_AreWiredIn(string name)
    {
        var project = Repository.Project("src", name);
        Assert.Contains("Microsoft.CodeAnalysis.BannedApiAnalyzers", Repository.Includes(project, "PackageReference"));
        Assert.Contains("../BannedSymbols.txt", Repository.Includes(project, "AdditionalFiles"));
    }

    [Theory]
    [MemberData(nameof(PureProjects))]
    public void BannedSymbols_OfAPureProject_AreNotSilenced(string name) =>
        Assert.All(Repository.CodeUnder("src/" + name), file => Assert.DoesNotContain("RS0030", Repository.Read(file), StringComparison.Ordinal));

    [Theory]
    [InlineData("M:System.Math.Exp(System.Double)")]
    [InlineData("M:System.MathF.Tanh(System.Single)")]
    [InlineData("T:System.Random")]
    [InlineData("T:System.Diagnostics.Stopwatch")]
    [InlineData("T:System.Numerics.Tensors.TensorPrimitives")]
    public void BannedSymbols_TheList_HoldsClocksChanceAndLibraryFunctions(string symbol) =>
        Assert.Contains(symbol + ";", Repository.Read("src/BannedSymbols.txt"), StringComparison.Ordinal);

    [Fact]
    public void Packages_InUse_HaveAReasonInTheReadme()
    {
        var readme = Repository.Read("src/README.md");
        var central = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props"));
        var packages = Repository.Includes(central, "PackageVersion").ToArray();
        Assert.NotEmpty(packages);
        Assert.All(packages, package => Assert.Contains($"`{package}`", readme, StringComparison.Ordinal));
    }
}
