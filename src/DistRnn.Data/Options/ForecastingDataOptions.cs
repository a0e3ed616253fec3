using System.Collections.Immutable;

namespace DistRnn.Data;

/// <summary>The file formats of time series.</summary>
public enum ForecastingFormat
{
    /// <summary>A CSV file with a header, a line a point in time: one series of several columns.</summary>
    Csv,

    /// <summary>Many series in one CSV file with a header: long (series, time, value) or wide (a line a series).</summary>
    Panel,
}

/// <summary>What of a row's time becomes two inputs, the sine and the cosine of its place in its cycle.</summary>
public enum TimeFeature
{
    /// <summary>Minute of the hour.</summary>
    Minute,

    /// <summary>Hour of the day.</summary>
    Hour,

    /// <summary>Day of the week.</summary>
    Weekday,

    /// <summary>Day of the month, of 31.</summary>
    Day,

    /// <summary>Day of the year, of 366.</summary>
    Yearday,

    /// <summary>Month of the year.</summary>
    Month,

    /// <summary>Quarter of the year.</summary>
    Quarter,
}

/// <summary>The known forecast that the network's output is added to.</summary>
public enum KnownForecast
{
    /// <summary>None.</summary>
    None,

    /// <summary>The last value before the forecast, at every step of it.</summary>
    Last,

    /// <summary>The value one season before, or as many seasons as it takes to be known.</summary>
    Seasonal,
}

/// <summary>Time series cut in windows: <see cref="InputLength"/> rows in, the next <see cref="Horizon"/> rows of the targets out.</summary>
/// <remarks>
/// A part's windows predict only its own rows; inputs may reach back into the part before it. A file of its own for valid or test is taken as going on
/// where the part before it ended. In a panel each series has one forecast in valid and test: its last <see cref="Horizon"/> rows.
/// </remarks>
public sealed record ForecastingDataOptions : DataOptions
{
    /// <summary>The files' format.</summary>
    public ForecastingFormat Format { get; init; } = ForecastingFormat.Csv;

    /// <summary>CSV: the columns that the network reads; empty: all but the time column.</summary>
    public ImmutableArray<string> Columns { get; init; } = [];

    /// <summary>CSV: the columns to forecast; empty: those of <see cref="Columns"/>.</summary>
    public ImmutableArray<string> Targets { get; init; } = [];

    /// <summary>
    /// CSV: whether each column that is forecast is a series of its own. A window then makes a sequence for each of them, which reads that column and those
    /// of <see cref="Columns"/> that are no targets, and one network forecasts them all. Every target is among <see cref="Columns"/>.
    /// </summary>
    public bool ColumnsApart { get; init; }

    /// <summary>CSV: the column with the time; null: there is none.</summary>
    public string? TimeColumn { get; init; }

    /// <summary>Panel: the column that names the series; null: the first one.</summary>
    public string? Series { get; init; }

    /// <summary>Long panel: the column with the time; null: there is none. Rows of a series stand in the order of time.</summary>
    public string? Time { get; init; }

    /// <summary>Long panel: the column with the value; null: the only one that is neither series nor time.</summary>
    public string? Value { get; init; }

    /// <summary>Panel: a line a series, its values behind its name; blanks at the end are not there.</summary>
    public bool Wide { get; init; }

    /// <summary>Rows that a forecast is made from, at least 1.</summary>
    public int InputLength { get; init; } = 96;

    /// <summary>Rows of a forecast, at least 1.</summary>
    public int Horizon { get; init; } = 24;

    /// <summary>Rows of a season, at least 1, for seasonal forecasts and the scale of MASE.</summary>
    public int Season { get; init; } = 24;

    /// <summary>How values are scaled.</summary>
    public NormalizeKind Normalize { get; init; } = NormalizeKind.Standard;

    /// <summary>Inputs made of the time of a row; each needs a time column.</summary>
    public ImmutableArray<TimeFeature> TimeFeatures { get; init; } = [];

    /// <summary>
    /// What the plan puts in <see cref="Numerics.SequenceBatch.BaseValues"/> (the job's <c>model.residual</c>). Beside the values of each row that the network
    /// reads then stands how far they were from this forecast of them, made a row or a season before, in deviations; 0 where the series begins too late.
    /// </summary>
    /// <remarks>
    /// Those distances hardly change when the level drifts, which the values do. On ETTh1 (seven columns, 24 hours ahead) the squared error on validation is
    /// 0.524 with values alone (a GRU of 64), 0.486 with the distances; the seasonal forecast's is 0.511.
    /// </remarks>
    public KnownForecast Base { get; init; }
}
