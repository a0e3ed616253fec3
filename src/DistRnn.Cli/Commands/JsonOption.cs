using System.CommandLine;

namespace DistRnn.Cli;

/// <summary>The option <c>--json</c>, which makes the last line of standard output one JSON object.</summary>
internal static class JsonOption
{
    internal static Option<bool> Create() => new("--json") { Description = "End with one line of JSON on standard output" };
}
