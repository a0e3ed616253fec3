using System.Xml.Linq;

namespace DistRnn.Rules.Tests;

/// <summary>The checkout that the tests were built from: what the rules are about. Build outputs and runs are no part of it.</summary>
internal static class Repository
{
    private static readonly string[] s_outputs = [".git", ".idea", ".vs", "bin", "obj", "runs", "TestResults", "BenchmarkDotNet.Artifacts"];

    private static readonly string[] s_binary = [".png", ".safetensors", ".gz", ".ico"];

    /// <summary>The folder with the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every text file, as a path from the root with slashes, sorted.</summary>
    public static IReadOnlyList<string> TextFiles { get; } =
        [.. FilesUnder(Root).Where(file => !s_binary.Contains(Path.GetExtension(file))).Select(Relative).Order(StringComparer.Ordinal)];

    /// <summary>The names of the projects under src, sorted.</summary>
    public static IReadOnlyList<string> SourceProjects { get; } = ProjectsUnder("src");

    /// <summary>The names of the projects under tests, sorted.</summary>
    public static IReadOnlyList<string> TestProjects { get; } = ProjectsUnder("tests");

    public static IEnumerable<string> TopLevel =>
        new DirectoryInfo(Root).EnumerateFileSystemInfos().Select(entry => entry.Name).Except(s_outputs).Where(name => !name.EndsWith(".user", StringComparison.Ordinal));

    /// <summary>The C# files under a folder, as paths from the root.</summary>
    public static IEnumerable<string> CodeUnder(string folder) =>
        TextFiles.Where(file => file.StartsWith(folder + "/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal));

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    public static XDocument Project(string folder, string name) => XDocument.Load(Path.Combine(Root, folder, name, name + ".csproj"));

    /// <summary>The names of the projects that a project refers to.</summary>
    public static IEnumerable<string> ReferencesOf(XDocument project) => Includes(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')));

    public static IEnumerable<string> Includes(XDocument project, string item) =>
        project.Descendants(item).Select(element => element.Attribute("Include")?.Value ?? throw new InvalidDataException($"A {item} includes nothing."));

    public static string? Property(XDocument project, string name) => project.Descendants(name).SingleOrDefault()?.Value;

    private static IReadOnlyList<string> ProjectsUnder(string folder) =>
        [.. Directory.EnumerateDirectories(Path.Combine(Root, folder)).Select(path => Path.GetFileName(path)!).Where(name => File.Exists(Path.Combine(Root, folder, name, name + ".csproj"))).Order(StringComparer.Ordinal)];

    private static IEnumerable<string> FilesUnder(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder))
            yield return file;
        foreach (var child in Directory.EnumerateDirectories(folder))
        {
            if (s_outputs.Contains(Path.GetFileName(child)))
                continue;
            foreach (var file in FilesUnder(child))
                yield return file;
        }
    }

    private static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "DistRnn.sln")))
                return folder.FullName;
        }
        throw new InvalidOperationException("The tests run outside a checkout: no folder above them holds DistRnn.sln.");
    }
}
