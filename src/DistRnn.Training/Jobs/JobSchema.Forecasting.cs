using System.Collections.Immutable;
using DistRnn.Data;

namespace DistRnn.Training;

internal static partial class JobSchema
{
    private static JobKey Forecast(string name, ValueKind kind, string documentation, Func<DataSection, object?> get, Func<DataSection, object?, DataSection> set) =>
        Data(name, kind, documentation, get, set) with { Tasks = [TaskKind.Forecasting], Min = 1, Max = 1_000_000 };

    private static JobKey OfCsv(JobKey key) => key with { Applies = job => job.Data.Format == "csv", AppliesWhen = "with data.format: csv" };

    private static JobKey OfPanel(JobKey key) => key with { Applies = job => job.Data.Format == "panel", AppliesWhen = "with data.format: panel" };

    private static IEnumerable<JobKey> ForecastingKeys() =>
    [
        OfCsv(Forecast("columns", ValueKind.TextList, "The columns that are read; an empty list is all but the time.", data => data.Columns, (data, value) => data with { Columns = (ImmutableArray<string>)value! })),
        OfCsv(Forecast("targets", ValueKind.TextList, "The columns that are forecast; an empty list is all that are read.", data => data.Targets, (data, value) => data with { Targets = (ImmutableArray<string>)value! })),
        OfCsv(Forecast("columns-apart", ValueKind.Boolean, "Whether each column that is forecast is a series of its own, read without the others, all by one network.", data => data.ColumnsApart, (data, value) => data with { ColumnsApart = (bool)value! })),
        OfCsv(Forecast("time-column", ValueKind.Text, "The column of times.", data => data.TimeColumn, (data, value) => data with { TimeColumn = (string?)value }) with { NoneWord = "none" }),
        OfPanel(Forecast("series", ValueKind.Text, "The column that names the series; none is the first.", data => data.Series, (data, value) => data with { Series = (string?)value }) with { NoneWord = "none" }),
        OfLongPanel(Forecast("time", ValueKind.Text, "The column of times.", data => data.Time, (data, value) => data with { Time = (string?)value }) with { NoneWord = "none" }),
        OfLongPanel(Forecast("value", ValueKind.Text, "The column of values; none is the only one left.", data => data.Value, (data, value) => data with { Value = (string?)value }) with { NoneWord = "none" }),
        OfPanel(Forecast("wide", ValueKind.Boolean, "Whether a row is a whole series, blank behind its end.", data => data.Wide, (data, value) => data with { Wide = (bool)value! })),
        Forecast("input-length", ValueKind.Integer, "Steps that the network reads.", data => (long)data.InputLength, (data, value) => data with { InputLength = Int(value) }),
        Forecast("horizon", ValueKind.Integer, "Steps that it forecasts.", data => (long)data.Horizon, (data, value) => data with { Horizon = Int(value) }),
        Forecast("season", ValueKind.Integer, "Steps of a season.", data => (long)data.Season, (data, value) => data with { Season = Int(value) }),
        Forecast("time-features", ValueKind.TextList, "What of the time is read beside the values.", data => data.TimeFeatures, (data, value) => data with { TimeFeatures = (ImmutableArray<string>)value! }) with { Choices = [.. JobNames.All<TimeFeature>()] },
    ];

    private static JobKey OfLongPanel(JobKey key) =>
        key with { Applies = job => job.Data.Format == "panel" && !job.Data.Wide, AppliesWhen = "with data.format: panel, and not with data.wide" };
}
