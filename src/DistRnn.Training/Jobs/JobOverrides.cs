using System.Collections;
using System.Collections.Immutable;

namespace DistRnn.Training;

/// <summary>What is laid over a job file: <c>--set</c> arguments, which win over environment variables, which win over the file.</summary>
public sealed record JobOverrides
{
    /// <summary>Nothing.</summary>
    public static JobOverrides None { get; } = new();

    /// <summary>Arguments of <c>--set</c>, each <c>key=value</c>; the key is a dotted path, or the end of one where only one fits.</summary>
    public ImmutableArray<string> Sets { get; init; } = [];

    /// <summary>Environment variables, as <c>DISTRNN_MODEL__HIDDEN</c>; others are passed over.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>What relative paths in them are relative to, an absolute path.</summary>
    public string WorkingDirectory { get; init; } = System.Environment.CurrentDirectory;

    /// <summary>The process's environment and working directory with some <c>--set</c> arguments.</summary>
    /// <param name="sets">The arguments.</param>
    public static JobOverrides OfProcess(IEnumerable<string> sets) => new()
    {
        Sets = [.. sets],
        Environment =
        [
            .. System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
                .Select(entry => KeyValuePair.Create((string)entry.Key, (string?)entry.Value ?? ""))
                .Where(entry => entry.Key.StartsWith(JobLayers.VariablePrefix, StringComparison.Ordinal))
                .OrderBy(entry => entry.Key, StringComparer.Ordinal),
        ],
    };
}
