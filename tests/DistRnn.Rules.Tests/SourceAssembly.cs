using System.Reflection;

namespace DistRnn.Rules.Tests;

/// <summary>The assemblies of the projects under src, as built beside the tests.</summary>
internal static class SourceAssembly
{
    public static Assembly Load(string project) => Assembly.Load(Repository.Property(Repository.Project("src", project), "AssemblyName") ?? project);
}
