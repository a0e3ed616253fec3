using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// The data of the built-in jobs, as text in the formats of the tasks. A job file refers to one as <c>built-in:NAME/FILE</c> where a path could
/// stand, so a run of a built-in job can be resumed, evaluated and predicted from like any other. Numbers that are facts are embedded; the
/// others are drawn with a fixed seed, so they are the same bits on every machine.
/// </summary>
public static class BuiltInData
{
    /// <summary>What a reference begins with.</summary>
    public const string Prefix = DataSection.BuiltInPrefix;

    private static readonly (string Name, Func<string> Text)[] Files =
    [
        ("sunspots/monthly-sunspots.csv", () => Resource("monthly-sunspots.csv")),
        ("sine/sine.csv", () => SineSeries.Csv(2000)),
        ("binary-addition/train.jsonl", () => BinaryAddition.JsonLines(0, 2000)),
        ("binary-addition/test.jsonl", () => BinaryAddition.JsonLines(2000, 1000)),
        ("adding-problem/train.jsonl", () => AddingProblem.JsonLines(0, 10000)),
        ("adding-problem/test.jsonl", () => AddingProblem.JsonLines(10000, 1000)),
        ("reber/train.conll", () => EmbeddedReberGrammar.Conll(0, 1000)),
        ("reber/valid.conll", () => EmbeddedReberGrammar.Conll(1500, 500)),
        ("reber/test.conll", () => EmbeddedReberGrammar.Conll(1000, 500)),
        ("dates/train.tsv", () => WrittenDates.Pairs(0, 6000)),
        ("dates/valid.tsv", () => WrittenDates.Pairs(6000, 500)),
        ("dates/test.tsv", () => WrittenDates.Pairs(6500, 1000)),
    ];

    /// <summary>Whether a path of a job file is a reference to built-in data.</summary>
    /// <param name="path">The path as it stands in the job file.</param>
    public static bool IsReference(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.StartsWith(Prefix, StringComparison.Ordinal);
    }

    /// <summary>The text that a reference names.</summary>
    /// <param name="reference">For example <c>built-in:reber/train.conll</c>.</param>
    /// <exception cref="InvalidInputException">There is no such data.</exception>
    public static string TextOf(string reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        foreach ((string name, Func<string> text) in Files)
        {
            if (IsReference(reference) && reference.AsSpan(Prefix.Length).SequenceEqual(name))
                return text();
        }

        throw new InvalidInputException(
            $"'{reference}' is not built-in data. There are: {string.Join(", ", Files.Select(file => Prefix + file.Name))}.");
    }

    internal static string Resource(string name)
    {
        using Stream stream = typeof(BuiltInData).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The assembly lacks its resource '{name}'.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
