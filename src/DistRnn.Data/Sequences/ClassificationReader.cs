using System.Globalization;
using System.Text.Json;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>Reads the four file formats of classification.</summary>
internal static class ClassificationReader
{
    /// <summary>Appends a source's sequences to the reading.</summary>
    /// <exception cref="InvalidInputException">It is missing, malformed or empty.</exception>
    public static void Read(TextSource source, ClassificationFormat format, SequenceReading reading)
    {
        var before = reading.Table.Count;
        switch (format)
        {
            case ClassificationFormat.Tsv:
                ReadTsv(source, reading);
                break;
            case ClassificationFormat.Directory:
                ReadDirectory(source, reading);
                break;
            case ClassificationFormat.Jsonl:
                ReadJsonl(source, reading);
                break;
            default:
                ReadCsv(source, reading);
                break;
        }
        if (reading.Table.Count == before)
            throw new InvalidInputException($"{source.Name} is empty; at least one sequence is expected.");
    }

    private static void ReadTsv(TextSource source, SequenceReading reading)
    {
        using var lines = new LineReader(source, reading.Progress);
        while (lines.TryRead(out var line))
        {
            if (line.IsWhiteSpace())
                continue;
            var tab = line.IndexOf('\t');
            if (reading.WithTargets && tab <= 0)
                throw lines.Error(tab < 0 ? "there is no tab; a line is a label, a tab and a text" : "there is no label before the tab");
            reading.AddText(line[(tab + 1)..], tab > 0 ? line[..tab].ToString() : null, lines.Error);
        }
        reading.Files.Add(lines.Finish());
    }

    private static void ReadDirectory(TextSource source, SequenceReading reading)
    {
        if (!reading.WithTargets && !Directory.Exists(source.Path))
        {
            ReadClass(source, null, reading);
            return;
        }
        if (source.Path is null || File.Exists(source.Path))
            throw new InvalidInputException($"{source.Name} is a file; format: directory expects a directory with a file for each class.");
        if (!Directory.Exists(source.Path))
            throw new InvalidInputException($"{source.Name} does not exist.");
        var files = Directory.GetFiles(source.Path).Where(file => Path.GetFileName(file)[0] != '.').ToArray();
        Array.Sort(files, StringComparer.Ordinal);
        foreach (var file in files)
            ReadClass(TextSource.FromFile(file), Path.GetFileNameWithoutExtension(file), reading);
    }

    private static void ReadClass(TextSource source, string? label, SequenceReading reading)
    {
        using var lines = new LineReader(source, reading.Progress);
        while (lines.TryRead(out var line))
        {
            if (!line.IsWhiteSpace())
                reading.AddText(line, label, lines.Error);
        }
        reading.Files.Add(lines.Finish());
    }

    private static void ReadJsonl(TextSource source, SequenceReading reading)
    {
        using var lines = new JsonLines(source, reading.Progress);
        while (lines.Read())
        {
            string? label = null;
            if (reading.WithTargets)
                label = lines.Text(lines.Find("label") ?? throw lines.Error("there is no \"label\""), "label");
            var (steps, text) = (lines.Find("sequence"), lines.Find("text"));
            if (steps is null == text is null)
                throw lines.Error(steps is null ? "there is neither \"sequence\" nor \"text\"" : "there are both \"sequence\" and \"text\"; one is expected");
            if (steps is { } sequence)
                reading.AddSteps(lines, sequence, label is null ? null : [label]);
            else if (text!.Value.ValueKind == JsonValueKind.String)
                reading.AddText(text.Value.GetString(), label, lines.Error);
            else
                throw lines.Error($"\"text\" is {JsonLines.Describe(text.Value)}; a text is expected");
        }
        reading.Files.Add(lines.Finish());
    }

    private static void ReadCsv(TextSource source, SequenceReading reading)
    {
        using var rows = new CsvRows(source, reading.Progress);
        var values = new List<float>();
        var first = true;
        while (rows.Read())
        {
            if (rows.Count < 2)
                throw rows.Error("there is one cell; a line is a label and one value a step");
            if (first && IsHeader(rows))
            {
                first = false;
                continue;
            }
            first = false;
            var label = rows[0];
            if (reading.WithTargets && label.Length == 0)
                throw rows.Error("column 1 is empty; a label is expected");
            values.Clear();
            for (var cell = 1; cell < rows.Count; cell++)
                values.Add(rows.Number(cell, (cell + 1).ToString(CultureInfo.InvariantCulture)));
            reading.AddValues(values, label, rows.Error);
        }
        reading.Files.Add(rows.Finish());
    }

    private static bool IsHeader(CsvRows rows)
    {
        for (var cell = 1; cell < rows.Count; cell++)
        {
            if (rows.IsEmpty(cell) || double.TryParse(rows[cell], NumberStyles.Float, CultureInfo.InvariantCulture, out _))
                return false;
        }
        return true;
    }
}
