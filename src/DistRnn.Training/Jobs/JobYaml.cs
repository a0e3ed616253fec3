using DistRnn.Numerics;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace DistRnn.Training;

/// <summary>
/// YAML text as nodes, with limits: <see cref="MaxCharacters"/> characters, nested <see cref="MaxDepth"/> deep, one document, no key twice, no aliases
/// (a few of which can stand for gigabytes).
/// </summary>
internal static class JobYaml
{
    /// <summary>The longest text that is read.</summary>
    public const int MaxCharacters = 1 << 18;

    /// <summary>The deepest nesting that is read.</summary>
    public const int MaxDepth = 16;

    /// <summary>The one document's root.</summary>
    /// <param name="text">The text.</param>
    /// <param name="source">The file's name, for messages.</param>
    /// <exception cref="InvalidInputException">The text is not such a document.</exception>
    public static YamlNode Read(string text, string source)
    {
        if (text.Length > MaxCharacters)
            throw new InvalidInputException($"{source} has {text.Length} characters; a job has {MaxCharacters} at most.");
        try
        {
            CheckEvents(text, source);
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return stream.Documents[0].RootNode;
        }
        catch (YamlException error)
        {
            var reason = (error.InnerException?.Message ?? error.Message).TrimEnd('.');
            throw new InvalidInputException($"{source}:{error.Start.Line}: this is not YAML that a job can have: {reason}.", error);
        }
    }

    private static void CheckEvents(string text, string source)
    {
        var parser = new Parser(new StringReader(text));
        var (depth, documents) = (0, 0);
        while (parser.MoveNext())
        {
            var current = parser.Current!;
            depth += current.NestingIncrease;
            if (current is MappingStart or SequenceStart && depth > MaxDepth)
                throw new InvalidInputException($"{source}:{current.Start.Line}: lists and mappings are nested more than {MaxDepth} deep; a job needs fewer.");
            if (current is AnchorAlias)
                throw new InvalidInputException($"{source}:{current.Start.Line}: a job has no aliases (*name); write the value out.");
            if (current is DocumentStart && ++documents > 1)
                throw new InvalidInputException($"{source}:{current.Start.Line}: a second document begins; a job file has one.");
        }
        if (documents == 0)
            throw new InvalidInputException($"{source} is empty; a job begins with 'task: ' and one of {string.Join(", ", JobSchema.AvailableTasks.Select(JobNames.Of))}.");
    }
}
