using DistRnn.Numerics;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace DistRnn.Training;

/// <summary>One value for one key, and where it was said.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value; null is the key's none word.</param>
/// <param name="Where">The file and line, argument or variable.</param>
internal sealed record JobAssignment(JobKey Key, object? Value, string Where);

/// <summary>A value as it was written, before its key is looked up.</summary>
/// <param name="Path">The dotted path.</param>
/// <param name="Node">What stands there.</param>
/// <param name="Where">The argument or variable, or null for a place in a file, which the node knows itself.</param>
internal sealed record JobEntry(string Path, YamlNode Node, string? Where);

/// <summary>Turns a job file, environment variables and <c>--set</c> arguments into assignments.</summary>
internal static class JobLayers
{
    /// <summary>What variables of jobs begin with.</summary>
    public const string VariablePrefix = "DISTRNN_";

    /// <summary>The entries of a file's root: its sections.</summary>
    /// <param name="root">The root.</param>
    /// <param name="source">The file, for messages.</param>
    public static IReadOnlyList<JobEntry> OfFile(YamlNode root, string source) =>
        root is YamlMappingNode mapping
            ? [.. mapping.Children.Select(pair => new JobEntry(NameOf(pair.Key, source), pair.Value, null))]
            : throw new InvalidInputException($"{source}:{root.Start.Line}: a job is a mapping that begins with 'task: '; found {(root is YamlSequenceNode ? "a list" : "text")}.");

    /// <summary>The entries of environment variables: those with a double underscore, and <c>DISTRNN_SEED</c> and <c>DISTRNN_TASK</c>.</summary>
    /// <param name="variables">Names and values; names without the prefix are passed over.</param>
    public static IReadOnlyList<JobEntry> OfEnvironment(IEnumerable<KeyValuePair<string, string>> variables)
    {
        var entries = new List<JobEntry>();
        foreach (var (name, value) in variables)
        {
            if (!name.StartsWith(VariablePrefix, StringComparison.Ordinal))
                continue;
            var path = string.Join('.', name[VariablePrefix.Length..].Split("__")).Replace('_', '-').ToLowerInvariant();
            if (!path.Contains('.', StringComparison.Ordinal) && path is not ("seed" or "task"))
                continue;
            entries.Add(new JobEntry(path, NodeOf(value, $"environment variable {name}"), $"environment variable {name}"));
        }
        return entries;
    }

    /// <summary>The entries of <c>--set</c> arguments.</summary>
    /// <param name="sets">The arguments.</param>
    public static IReadOnlyList<JobEntry> OfSets(IEnumerable<string> sets)
    {
        var entries = new List<JobEntry>();
        foreach (var set in sets)
        {
            var equals = set.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                throw new InvalidInputException($"--set {set}: there is no '='; allowed is key=value, such as model.hidden=256.");
            entries.Add(new JobEntry(set[..equals].Trim(), NodeOf(set[(equals + 1)..].Trim(), $"--set {set}"), $"--set {set}"));
        }
        return entries;
    }

    /// <summary>The whole path of a key that a <c>--set</c> names by its end.</summary>
    /// <param name="task">The job's task.</param>
    /// <param name="entry">The entry.</param>
    public static JobEntry Complete(TaskKind task, JobEntry entry)
    {
        if (JobSchema.Find(task, entry.Path) is not null || JobSchema.IsSection(task, entry.Path))
            return entry;
        var suffix = "." + entry.Path;
        var fits = JobSchema.KeysOf(task).Select(key => key.Path).Where(path => path.EndsWith(suffix, StringComparison.Ordinal)).ToArray();
        var shallow = fits.Where(path => path.Count(letter => letter == '.') == suffix.Count(letter => letter == '.')).ToArray();
        var best = shallow.Length > 0 ? shallow : fits;
        if (best.Length > 1)
            throw new InvalidInputException($"{entry.Where}: '{entry.Path}' may be {string.Join(" or ", best)}; write one of them.");
        return best.Length == 1 ? entry with { Path = best[0] } : entry;
    }

    /// <summary>The assignments that an entry makes.</summary>
    /// <param name="task">The job's task.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="source">The file, for messages about entries of a file.</param>
    /// <param name="directory">What relative paths are relative to.</param>
    /// <param name="replaces">Whether a mapping replaces what was said before of keys below it.</param>
    public static IEnumerable<JobAssignment> Assign(TaskKind task, JobEntry entry, string source, string directory, bool replaces)
    {
        var where = entry.Where ?? $"{source}:{entry.Node.Start.Line}";
        var key = JobSchema.Find(task, entry.Path);
        if (key is not null && (entry.Node is not YamlMappingNode || key.Kind == ValueKind.Map))
        {
            yield return new JobAssignment(key, new JobValueReader(key, where, directory).Read(entry.Node), where);
            yield break;
        }
        if (!JobSchema.IsSection(task, entry.Path))
            throw new InvalidInputException(key is null ? $"{where}: {JobSchema.Unknown(task, entry.Path)}" : $"{where}: '{key.Path}' is a mapping; allowed is {key.Allowed}.");
        if (entry.Node is not YamlMappingNode mapping)
            throw new InvalidInputException($"{where}: '{entry.Path}' is no mapping; it has keys such as {string.Join(", ", JobSchema.KeysOf(task).Select(known => known.Path).Where(path => path.StartsWith(entry.Path + ".", StringComparison.Ordinal)).Take(3))}.");
        if (replaces)
        {
            foreach (var below in JobSchema.KeysOf(task).Where(known => known.Path.StartsWith(entry.Path + ".", StringComparison.Ordinal) && !known.IsShorthand && entry.Path.Contains('.', StringComparison.Ordinal)))
                yield return new JobAssignment(below, below.DefaultOf(task), where);
        }
        foreach (var pair in mapping.Children)
        {
            foreach (var assignment in Assign(task, new JobEntry($"{entry.Path}.{NameOf(pair.Key, where)}", pair.Value, entry.Where ?? $"{source}:{pair.Key.Start.Line}"), source, directory, replaces))
                yield return assignment;
        }
    }

    private static string NameOf(YamlNode node, string where) =>
        node is YamlScalarNode { Value: { Length: > 0 } name } ? name : throw new InvalidInputException($"{where}: line {node.Start.Line} has a key that is not text.");

    private static YamlNode NodeOf(string value, string where) =>
        value.Length > 0 && value[0] is '[' or '{' or '"' or '\'' ? JobYaml.Read(value, where) : new YamlScalarNode(value) { Style = ScalarStyle.Plain };
}
