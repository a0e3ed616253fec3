using System.Text.Json;

namespace DistRnn.Cli.Tests;

/// <summary>What a command line came to.</summary>
/// <param name="ExitCode">The process's status.</param>
/// <param name="Output">Everything on standard output.</param>
/// <param name="Error">Everything on standard error.</param>
internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    /// <summary>The last line of standard output as JSON.</summary>
    public JsonElement LastLineAsJson()
    {
        using var json = JsonDocument.Parse(Output.TrimEnd('\n').Split('\n')[^1]);
        return json.RootElement.Clone();
    }
}
