using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>From options to series with their parts: files, shares, and what goes on from what.</summary>
internal static class SeriesLoading
{
    /// <summary>Reads all files of a new job and says which rows make which part.</summary>
    public static SeriesReader ReadParts(ForecastingDataOptions options, IProgress<DataProgress>? progress)
    {
        Check(options);
        var reader = new SeriesReader(options, [], progress);
        reader.Read(options.Train, newSeries: true);
        var panel = options.Format == ForecastingFormat.Panel;
        foreach (var series in reader.Table.All)
        {
            var name = panel ? $"the series \"{series.Name}\" of {options.Train.Name}" : options.Train.Name;
            var ends = Shares.Ends(options.Split, series.Rows, name, "rows");
            series.Parts[PartKind.Train] = (0, (int)ends.Train);
            if (ends.Train == 0)
                throw new InvalidInputException($"data.split.parts leaves no row of {name} to train.");
            if (options.Split?.Valid is not null)
                series.Parts[PartKind.Valid] = ((int)ends.Train, (int)ends.Valid);
            if (options.Split?.Test is not null)
                series.Parts[PartKind.Test] = ((int)ends.Valid, (int)ends.Test);
        }
        ReadPart(reader, PartKind.Valid, options.Valid);
        ReadPart(reader, PartKind.Test, options.Test);
        return reader;
    }

    /// <summary>Reads a new file, which stands for itself.</summary>
    /// <param name="options">The options.</param>
    /// <param name="columns">The columns that the model's data kept.</param>
    /// <param name="source">The file, or null for none.</param>
    /// <param name="progress">Told how far reading is.</param>
    public static SeriesReader ReadNew(ForecastingDataOptions options, string[] columns, TextSource? source, IProgress<DataProgress>? progress)
    {
        Check(options);
        var reader = new SeriesReader(options, columns, progress);
        if (source is not null)
            reader.Read(source, newSeries: true);
        foreach (var series in reader.Table.All)
            series.Parts[PartKind.Test] = (0, series.Rows);
        return reader;
    }

    private static void ReadPart(SeriesReader reader, PartKind part, TextSource? source)
    {
        if (source is null)
            return;
        int[] before = [.. reader.Table.All.Select(series => series.Rows)];
        reader.Read(source, newSeries: false);
        for (var i = 0; i < before.Length; i++)
        {
            if (reader.Table.All[i].Rows > before[i])
                reader.Table.All[i].Parts[part] = (before[i], reader.Table.All[i].Rows);
        }
    }

    private static void Check(ForecastingDataOptions options)
    {
        Positive("input-length", options.InputLength);
        Positive("horizon", options.Horizon);
        Positive("season", options.Season);
        if (options.Split?.Order is not (null or SplitOrder.File))
            throw new InvalidInputException("data.split.order is " + options.Split.Order.ToString()!.ToLowerInvariant() + "; series are cut in the order of time (file).");
        PartNames.CheckOnce(PartKind.Valid, options.Valid, options.Split?.Valid);
        PartNames.CheckOnce(PartKind.Test, options.Test, options.Split?.Test);
        if (options.Format == ForecastingFormat.Panel && !(options.Columns.IsDefaultOrEmpty && options.Targets.IsDefaultOrEmpty && options.TimeColumn is null))
            throw new InvalidInputException("data.columns, data.targets and data.time-column are for format: csv; a panel has data.series, data.time and data.value.");
        if (options.Format == ForecastingFormat.Panel && options.ColumnsApart)
            throw new InvalidInputException("data.columns-apart is for format: csv; the series of a panel are apart.");
        if (options.Format == ForecastingFormat.Csv && (options.Series ?? options.Time ?? options.Value) is not null)
            throw new InvalidInputException("data.series, data.time and data.value are for format: panel; a CSV file has data.columns, data.targets and data.time-column.");
        if (options.Format == ForecastingFormat.Csv && options.Wide)
            throw new InvalidInputException("data.wide is for format: panel.");
        NoneTwice("columns", options.Columns);
        NoneTwice("targets", options.Targets);
    }

    private static void Positive(string key, int value)
    {
        if (value < 1)
            throw new InvalidInputException(FormattableString.Invariant($"data.{key} is {value}; it is at least 1."));
    }

    private static void NoneTwice(string key, ImmutableArray<string> names)
    {
        if (names.Distinct(StringComparer.Ordinal).Count() < names.Length)
            throw new InvalidInputException($"data.{key} names a column twice: {string.Join(", ", names)}.");
    }
}
