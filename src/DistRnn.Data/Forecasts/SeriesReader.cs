using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>
/// Reads series from CSV files with a header: one series of several columns, or a panel, long or wide. The first file decides which columns there are;
/// a later one continues the series.
/// </summary>
internal sealed class SeriesReader(ForecastingDataOptions options, string[] savedColumns, IProgress<DataProgress>? progress)
{
    private const string ValueColumn = "value";

    public List<SourceFile> Files { get; } = [];

    /// <summary>The series, once a file has been read.</summary>
    public SeriesTable Table { get; private set; } = new(savedColumns, 2 * options.TimeFeatures.Length);

    /// <summary>Appends a file's rows to the series.</summary>
    /// <param name="source">The file.</param>
    /// <param name="newSeries">Whether a panel's file may have series that were not read before.</param>
    /// <exception cref="InvalidInputException">It is missing, malformed or empty, or lacks a column.</exception>
    public void Read(TextSource source, bool newSeries)
    {
        using var rows = new CsvRows(source, progress);
        if (!rows.Read())
            throw new InvalidInputException($"{source.Name} is empty; a header and rows are expected.");
        var header = Header(rows);
        var before = Table.All.Sum(series => (long)series.Rows);
        if (options.Format == ForecastingFormat.Csv)
            ReadColumns(source, rows, header);
        else if (options.Wide)
            ReadWide(rows, header, newSeries);
        else
            ReadLong(source, rows, header, newSeries);
        Files.Add(rows.Finish());
        if (Table.All.Sum(series => (long)series.Rows) == before)
            throw new InvalidInputException($"{source.Name} has a header and no rows.");
    }

    private static string[] Header(CsvRows rows)
    {
        string[] header = [.. Enumerable.Range(0, rows.Count).Select(cell => rows[cell])];
        var twice = header.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Key.Length > 0 && group.Count() > 1);
        return twice is null ? header : throw rows.Error($"the column \"{twice.Key}\" stands {twice.Count()} times in the header; a name stands once");
    }

    private void ReadColumns(TextSource source, CsvRows rows, string[] header)
    {
        if (Table.Columns.Length == 0)
        {
            string[] inputs = options.Columns.IsDefaultOrEmpty ? [.. header.Where(name => name != options.TimeColumn)] : [.. options.Columns];
            string[] columns = [.. inputs.Union(options.Targets.IsDefaultOrEmpty ? [] : options.Targets)];
            if (columns.Length == 0)
                throw rows.Error("there is no column besides the time column");
            Table = new SeriesTable(columns, 2 * options.TimeFeatures.Length);
        }
        int[] cells = [.. Table.Columns.Select(name => Find(source, header, name, options.Targets.Contains(name) ? "targets" : "columns"))];
        var timeCell = TimeCell(source, header, options.TimeColumn, "time-column");
        var series = Table.GetOrAdd(SeriesTable.Only);
        var values = new float[cells.Length];
        var times = new float[Table.TimeValues];
        while (rows.Read())
        {
            CheckCount(rows, header);
            for (var column = 0; column < cells.Length; column++)
                values[column] = rows.Number(cells[column], Table.Columns[column]);
            ReadTime(rows, timeCell, times);
            series.Add(values, times);
        }
    }

    private void ReadLong(TextSource source, CsvRows rows, string[] header, bool newSeries)
    {
        var seriesCell = options.Series is { } name ? Find(source, header, name, "series") : 0;
        var timeCell = options.Time is { } time ? Find(source, header, time, "time") : -1;
        var valueCell = options.Value is { } value ? Find(source, header, value, "value") : OnlyOther(rows, header, seriesCell, timeCell);
        CreateTable();
        if (Table.TimeValues > 0 && timeCell < 0)
            throw MissingTime("time");
        var values = new float[1];
        var times = new float[Table.TimeValues];
        while (rows.Read())
        {
            CheckCount(rows, header);
            values[0] = rows.Number(valueCell, header[valueCell]);
            ReadTime(rows, timeCell, times);
            SeriesOf(rows, seriesCell, newSeries).Add(values, times);
        }
    }

    private void ReadWide(CsvRows rows, string[] header, bool newSeries)
    {
        if (options.TimeFeatures.Length > 0)
            throw new InvalidInputException("data.time-features need the time of every row, which a wide panel does not have; leave them out, or use a long panel.");
        var seriesCell = options.Series is { } name ? Array.IndexOf(header, name) : 0;
        if (seriesCell < 0)
            throw rows.Error($"there is no column \"{options.Series}\" (data.series)");
        CreateTable();
        var value = new float[1];
        while (rows.Read())
        {
            if (rows.Count > header.Length)
                throw rows.Error(FormattableString.Invariant($"there are {rows.Count} cells; the header has {header.Length}"));
            var last = rows.Count - 1;
            while (last >= 0 && (last == seriesCell || rows.IsEmpty(last)))
                last--;
            if (last < 0)
                throw rows.Error("the series has no values");
            var series = SeriesOf(rows, seriesCell, newSeries);
            for (var cell = 0; cell <= last; cell++)
            {
                if (cell == seriesCell)
                    continue;
                value[0] = rows.Number(cell, header[cell].Length > 0 ? header[cell] : (cell + 1).ToString(CultureInfo.InvariantCulture));
                series.Add(value, []);
            }
        }
    }

    private void CreateTable()
    {
        if (Table.Columns.Length == 0)
            Table = new SeriesTable([ValueColumn], 2 * options.TimeFeatures.Length);
    }

    private Series SeriesOf(CsvRows rows, int cell, bool newSeries)
    {
        var name = rows[cell];
        if (name.Length == 0)
            throw rows.Error("the name of the series is empty");
        if (!newSeries && Table.Find(name) is null)
            throw rows.Error($"the series \"{name}\" is not in the training data, which this file goes on from");
        return Table.GetOrAdd(name);
    }

    private int TimeCell(TextSource source, string[] header, string? column, string key)
    {
        if (column is not null)
            return Find(source, header, column, key);
        return Table.TimeValues > 0 ? throw MissingTime(key) : -1;
    }

    private static InvalidInputException MissingTime(string key) =>
        new($"data.time-features need the time of every row, but data.{key} is not set.");

    private void ReadTime(CsvRows rows, int cell, Span<float> times)
    {
        if (times.IsEmpty)
            return;
        if (!TimeInputs.TryParse(rows[cell], out var time))
            throw rows.Error($"\"{rows[cell]}\" is not a time; a time is written as 2016-07-01 13:00:00, or 2016-07 (or leave data.time-features out)");
        TimeInputs.Write(time, options.TimeFeatures, times);
    }

    private static void CheckCount(CsvRows rows, string[] header)
    {
        if (rows.Count != header.Length)
            throw rows.Error(FormattableString.Invariant($"there are {rows.Count} cells; the header has {header.Length}"));
    }

    private static int Find(TextSource source, string[] header, string name, string key)
    {
        var cell = Array.IndexOf(header, name);
        return cell >= 0 ? cell : throw new InvalidInputException($"{source.Name}, line 1: there is no column \"{name}\" (data.{key}); there are {string.Join(", ", header)}.");
    }

    private static int OnlyOther(CsvRows rows, string[] header, int seriesCell, int timeCell)
    {
        int[] others = [.. Enumerable.Range(0, header.Length).Where(cell => cell != seriesCell && cell != timeCell)];
        return others.Length == 1 ? others[0] : throw rows.Error(FormattableString.Invariant($"{others.Length} columns are neither series nor time; name the one to forecast in data.value"));
    }
}
