using System.Collections.Immutable;
using System.Text.Json;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>Reads the two file formats of tagging.</summary>
internal static class TaggingReader
{
    /// <summary>Appends a source's sequences to the reading.</summary>
    /// <exception cref="InvalidInputException">It is missing, malformed or empty.</exception>
    public static void Read(TextSource source, TaggingDataOptions options, SequenceReading reading)
    {
        var before = reading.Table.Count;
        if (options.Format == TaggingFormat.Conll)
            ReadConll(source, options.Columns, reading);
        else
            ReadJsonl(source, reading);
        if (reading.Table.Count == before)
            throw new InvalidInputException($"{source.Name} is empty; at least one sequence is expected.");
    }

    private static void ReadConll(TextSource source, ConllColumnsOptions columns, SequenceReading reading)
    {
        using var lines = new LineReader(source, reading.Progress);
        var (tokens, labels) = (new List<string>(), new List<string>());
        ImmutableArray<List<string>> features = [.. columns.Features.Select(_ => new List<string>())];
        var cells = new List<Range>();
        while (lines.TryRead(out var line))
        {
            if (line.IsWhiteSpace())
            {
                EndSentence();
                continue;
            }
            Split(line, cells);
            tokens.Add(Cell(line, columns.Token, "token"));
            for (var feature = 0; feature < features.Length; feature++)
                features[feature].Add(Cell(line, columns.Features[feature], "feature"));
            if (reading.WithTargets)
                labels.Add(Cell(line, columns.Tag ?? cells.Count - 1, "tag"));
        }
        EndSentence();
        reading.Files.Add(lines.Finish());

        string Cell(ReadOnlySpan<char> line, int column, string what)
        {
            if (column >= cells.Count)
                throw lines.Error(FormattableString.Invariant($"there are {cells.Count} columns; the {what} is expected in column {column} (counted from 0)"));
            var cell = line[cells[column]];
            return cell.IsEmpty ? throw lines.Error(FormattableString.Invariant($"column {column} (counted from 0), the {what}, is empty")) : cell.ToString();
        }

        void EndSentence()
        {
            if (tokens.Count > 0)
                reading.AddTokens(tokens, features, reading.WithTargets ? labels : null, lines.Error);
            tokens.Clear();
            labels.Clear();
            foreach (var feature in features)
                feature.Clear();
        }
    }

    private static void Split(ReadOnlySpan<char> line, List<Range> cells)
    {
        cells.Clear();
        if (line.Contains('\t'))
        {
            foreach (var cell in line.Split('\t'))
                cells.Add(cell);
            return;
        }
        foreach (var cell in line.Split(' '))
        {
            if (!line[cell].IsEmpty)
                cells.Add(cell);
        }
    }

    private static void ReadJsonl(TextSource source, SequenceReading reading)
    {
        using var lines = new JsonLines(source, reading.Progress);
        while (lines.Read())
        {
            var (steps, tokens) = (lines.Find("sequence"), lines.Find("tokens"));
            if (steps is null == tokens is null)
                throw lines.Error(steps is null ? "there is neither \"sequence\" nor \"tokens\"" : "there are both \"sequence\" and \"tokens\"; one is expected");
            var labels = reading.WithTargets ? Texts(lines, "labels", lines.Find("labels") ?? throw lines.Error("there are no \"labels\"")) : null;
            if (steps is { ValueKind: JsonValueKind.Array } sequence)
            {
                CheckLengths(lines, "steps", sequence.GetArrayLength(), labels);
                reading.AddSteps(lines, sequence, labels);
            }
            else if (steps is { } other)
            {
                throw lines.Error($"\"sequence\" is {JsonLines.Describe(other)}; a list of steps is expected");
            }
            else
            {
                var texts = Texts(lines, "tokens", tokens!.Value);
                CheckLengths(lines, "tokens", texts.Count, labels);
                reading.AddTokens(texts, [], labels, lines.Error);
            }
        }
        reading.Files.Add(lines.Finish());
    }

    private static void CheckLengths(JsonLines lines, string what, int count, List<string>? labels)
    {
        if (labels is not null && labels.Count != count)
            throw lines.Error(FormattableString.Invariant($"there are {count} {what} and {labels.Count} labels; as many are expected"));
    }

    private static List<string> Texts(JsonLines lines, string key, JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
            throw lines.Error($"\"{key}\" is {JsonLines.Describe(list)}; a list of at least one text is expected");
        return [.. list.EnumerateArray().Select(item => lines.Text(item, key))];
    }
}
