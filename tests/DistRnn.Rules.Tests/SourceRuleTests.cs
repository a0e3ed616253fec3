using System.Text.RegularExpressions;
using Xunit;

namespace DistRnn.Rules.Tests;

/// <summary>What no file may hold, and how files are cut and named.</summary>
public sealed partial class SourceRuleTests
{
    private const int LinesMax = 500;

    private static readonly string[] s_topLevel =
    [
        "src", "tests", "cluster-config", "docker", "DistRnn.sln", "README.md", "LICENSE", "Directory.Build.props", "Directory.Packages.props",
        ".editorconfig", ".gitattributes", ".gitignore", ".ci",
    ];

    // Written in two halves, so that this file does not break its own rules.
    private static readonly string[] s_machinePaths = ["/wo" + "rk/", "/tm" + "p/", "/ho" + "me/", "/ro" + "ot/", "C:" + "\\Users"];

    private static readonly string[] s_registries = ["nuget" + ".org", "pypi" + ".org", "npmjs" + ".org", "npmjs" + ".com", "artifact" + "ory", "files.python" + "hosted"];

    private static readonly string[] s_unfinished = ["TO" + "DO", "FIX" + "ME", "HA" + "CK:", "NotImplemented" + "Exception"];

    private static readonly string[] s_waiting = ["Thread." + "Sleep(", "Task." + "Delay(", "Ski" + "p = "];

    [Fact]
    public void TopLevel_OfTheRepository_HoldsOnlyWhatIsListed() => Assert.Empty(Repository.TopLevel.Except(s_topLevel));

    [Fact]
    public void Code_Everywhere_IsCutBeforeTheLimit()
    {
        var code = Repository.CodeUnder("src").Concat(Repository.CodeUnder("tests")).ToArray();
        Assert.NotEmpty(code);
        Assert.All(code, file => Assert.InRange(Repository.Read(file).Count(character => character == '\n'), 1, LinesMax));
    }

    [Fact]
    public void Text_Everywhere_NamesNoPathOfAMachine() => AssertNone(Repository.TextFiles, s_machinePaths);

    [Fact]
    public void Text_Everywhere_NamesNoPackageRegistry() => AssertNone(Repository.TextFiles, s_registries);

    [Fact]
    public void Text_UnderSrcAndTests_LeavesNothingUnfinished() =>
        AssertNone(Repository.TextFiles.Where(file => file.EndsWith(".cs", StringComparison.Ordinal) || file.EndsWith(".csproj", StringComparison.Ordinal)), s_unfinished);

    [Fact]
    public void Tests_Everywhere_NeitherSleepNorSkip() => AssertNone(Repository.CodeUnder("tests"), s_waiting);

    [Fact]
    public void Code_Everywhere_HasNoRegions() => AssertNone(Repository.CodeUnder("src").Concat(Repository.CodeUnder("tests")), ["#reg" + "ion"]);

    [Fact]
    public void Code_UnderSrc_IsInTheNamespaceOfItsProject()
    {
        foreach (var file in Repository.CodeUnder("src"))
        {
            var declaration = NamespaceDeclaration().Match(Repository.Read(file));
            if (declaration.Success)
                Assert.True(declaration.Groups[1].Value == file.Split('/')[1] && declaration.Groups[2].Value == ";", $"{file} declares '{declaration.Value}'.");
            else
                Assert.True(IsWithoutNamespace(file), $"{file} declares no namespace.");
        }
    }

    [Fact]
    public void Files_UnderSrc_HaveNoNamesThatSayNothing()
    {
        foreach (var file in Repository.CodeUnder("src"))
        {
            var name = Path.GetFileName(file).Split('.')[0];
            Assert.False(TypeRuleTests.SaysNothing(name), $"{file}: a name says what the thing is, not that it manages or helps.");
        }
    }

    private static bool IsWithoutNamespace(string file) => Path.GetFileName(file) is "Program.cs" or "AssemblyInfo.cs" or "GlobalUsings.cs";

    private static void AssertNone(IEnumerable<string> files, string[] words)
    {
        var read = 0;
        foreach (var file in files)
        {
            var text = Repository.Read(file);
            read++;
            foreach (var word in words)
            {
                var at = text.IndexOf(word, StringComparison.Ordinal);
                Assert.True(at < 0, $"{file}, line {text.AsSpan(0, Math.Max(at, 0)).Count('\n') + 1}, holds '{word}'.");
            }
        }
        Assert.True(read > 0, "No file was read.");
    }

    [GeneratedRegex(@"^namespace ([\w.]+)(.?)", RegexOptions.Multiline)]
    private static partial Regex NamespaceDeclaration();
}
