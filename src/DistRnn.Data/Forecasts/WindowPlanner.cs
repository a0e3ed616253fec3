using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>Which windows each part has, and that every part has some.</summary>
internal static class WindowPlanner
{
    /// <summary>The windows that are trained on: every one whose forecast lies in the training part and whose input is known in full.</summary>
    /// <remarks>A series of a panel too short for that has one window, with all it has before its last rows as input.</remarks>
    public static (Series Series, int Row)[] Training(SeriesTable table, WindowShape shape, bool panel)
    {
        var need = Math.Max(shape.InputLength, shape.Base == KnownForecast.Seasonal ? shape.Season : 1);
        var windows = new List<(Series, int)>();
        foreach (var series in table.All)
        {
            if (!series.Parts.TryGetValue(PartKind.Train, out var rows))
                continue;
            var last = rows.End - shape.Horizon;
            for (var row = need; row <= last; row++)
                windows.Add((series, row));
            if (panel && last < need && last >= (shape.Base == KnownForecast.Seasonal ? shape.Season : 1))
                windows.Add((series, last));
        }
        if (windows.Count == 0)
        {
            var longest = table.All.Max(series => series.Parts.GetValueOrDefault(PartKind.Train).End);
            throw new InvalidInputException(FormattableString.Invariant(
                $"The training part has {longest} rows{(panel ? " in its longest series" : "")}, too few for a single forecast: data.input-length {shape.InputLength}{(need > shape.InputLength ? $", a season of {shape.Season}" : "")} and data.horizon {shape.Horizon} need {need + shape.Horizon}."));
        }
        return [.. windows];
    }

    /// <summary>
    /// The windows that a part is judged by: every one whose forecast lies in the part, with a full input and a season before it; of a panel the last one of
    /// each series.
    /// </summary>
    public static (Series Series, int Row)[] Evaluation(SeriesTable table, WindowShape shape, bool panel, PartKind part)
    {
        var windows = new List<(Series, int)>();
        foreach (var series in table.All)
        {
            if (!series.Parts.TryGetValue(part, out var rows) || (part == PartKind.Train && panel && rows.End - shape.Horizon < shape.Season))
                continue;
            CheckHorizon(series, rows, shape, panel, part);
            var last = rows.End - shape.Horizon;
            var first = Math.Max(rows.Start, Math.Max(panel ? 1 : shape.InputLength, shape.Season));
            if (first > last && part != PartKind.Train)
                throw TooEarly(series, last, shape, panel, part);
            for (var row = panel && part != PartKind.Train ? last : first; row <= last; row++)
                windows.Add((series, row));
        }
        return [.. windows];
    }

    /// <summary>One window behind the end of every series, whose forecast nobody knows yet.</summary>
    public static (Series Series, int Row)[] Future(SeriesTable table, WindowShape shape, bool panel)
    {
        var need = Math.Max(panel ? 1 : shape.InputLength, shape.Base == KnownForecast.Seasonal ? shape.Season : 1);
        foreach (var series in table.All)
        {
            if (series.Rows < need)
                throw new InvalidInputException(FormattableString.Invariant($"{NameOf(series, panel)} has {series.Rows} rows; a forecast needs {need} before it."));
        }
        return [.. table.All.Select(series => (series, series.Rows))];
    }

    /// <summary>Refuses a season that the training rows of a series do not reach.</summary>
    public static void CheckSeason(SeriesTable table, WindowShape shape, bool panel)
    {
        foreach (var series in table.All)
        {
            if (series.Parts.TryGetValue(PartKind.Train, out var rows) && rows.End <= shape.Season)
            {
                throw new InvalidInputException(FormattableString.Invariant(
                    $"data.season is {shape.Season}, but {NameOf(series, panel)} has {rows.End} rows to train on; a season is shorter than that (data.season: 1 for none)."));
            }
        }
    }

    private static void CheckHorizon(Series series, (int Start, int End) rows, WindowShape shape, bool panel, PartKind part)
    {
        if (rows.End - rows.Start < shape.Horizon)
        {
            throw new InvalidInputException(FormattableString.Invariant(
                $"data.horizon is {shape.Horizon}, but {NameOf(series, panel)} has {rows.End - rows.Start} rows in {PartNames.Of(part)}; a forecast lies inside its part."));
        }
    }

    private static InvalidInputException TooEarly(Series series, int last, WindowShape shape, bool panel, PartKind part) =>
        new(FormattableString.Invariant(
            $"{NameOf(series, panel)} has {last} rows before the last forecast of {PartNames.Of(part)}; data.input-length {shape.InputLength} and data.season {shape.Season} need {Math.Max(panel ? 1 : shape.InputLength, shape.Season)}."));

    private static string NameOf(Series series, bool panel) => panel ? $"the series \"{series.Name}\"" : "the series";
}
