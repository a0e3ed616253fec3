using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>What windows of a job have in common.</summary>
/// <param name="InputLength">Rows in, at most.</param>
/// <param name="Horizon">Rows out.</param>
/// <param name="Season">Rows of a season.</param>
/// <param name="Base">The known forecast that batches carry.</param>
/// <param name="Inputs">For each sequence that a window makes, the columns read, as indices into the kept columns; equally many for each.</param>
/// <param name="Targets">The columns forecast, likewise.</param>
/// <param name="Columns">How many columns are kept.</param>
/// <param name="TimeValues">Inputs made of the time.</param>
internal sealed record WindowShape(int InputLength, int Horizon, int Season, KnownForecast Base, int[][] Inputs, int[][] Targets, int Columns, int TimeValues)
{
    /// <summary>Sequences that a window makes, at least 1.</summary>
    public int PerWindow => Targets.Length;

    /// <summary>Columns that a sequence forecasts.</summary>
    public int TargetColumns => Targets[0].Length;

    /// <summary>Values a row: the columns read, then, where there is a known forecast, how far off it was at that row for each of them, then the times.</summary>
    public int ValueSize => Inputs[0].Length * (Base == KnownForecast.None ? 1 : 2) + TimeValues;

    public int TargetSize => Horizon * TargetColumns;

    /// <summary>How many rows before another one stands the row that the known forecast says it is like.</summary>
    public int BaseLag => Base == KnownForecast.Last ? 1 : Season;
}

/// <summary>
/// The sequences of one part. Windows, each a series and the first row of its forecast, make <see cref="WindowShape.PerWindow"/> of them each, which stand
/// one behind the other.
/// </summary>
internal sealed class WindowPart(WindowShape shape, SeriesScales scales, (Series Series, int Row)[] windows, bool withTargets) : SequencePart
{
    public override int Count => checked(windows.Length * shape.PerWindow);

    public Series SeriesOf(int index) => windows[index / shape.PerWindow].Series;

    /// <summary>The first row of the forecast, from the series' beginning.</summary>
    public int RowOf(int index) => windows[index / shape.PerWindow].Row;

    /// <summary>Which of its window's sequences one is, from 0.</summary>
    public int PlaceOf(int index) => index % shape.PerWindow;

    public override int LengthOf(int index) => Math.Min(shape.InputLength, RowOf(index));

    public override void Reset(SequenceBatch batch, ReadOnlySpan<int> lengths)
    {
        var kind = withTargets ? TargetKind.ValuesPerSequence : TargetKind.None;
        batch.Reset(lengths, 0, shape.ValueSize, kind, shape.TargetSize, shape.Base != KnownForecast.None);
    }

    public override void Fill(SequenceBatch batch, int row, int index)
    {
        Span<double> means = shape.Columns <= 256 ? stackalloc double[shape.Columns] : new double[shape.Columns];
        Span<double> deviations = shape.Columns <= 256 ? stackalloc double[shape.Columns] : new double[shape.Columns];
        ScalesOf(index, means, deviations);
        var (series, first) = (SeriesOf(index), RowOf(index));
        var length = LengthOf(index);
        var values = batch.Values.Slice(batch.Offsets[row] * shape.ValueSize, length * shape.ValueSize);
        var rows = series.RowsOf(first - length, length);
        var times = series.Times[((first - length) * shape.TimeValues)..];
        ReadOnlySpan<int> inputs = shape.Inputs[PlaceOf(index)];
        for (var step = 0; step < length; step++)
        {
            var destination = values.Slice(step * shape.ValueSize, shape.ValueSize);
            for (var i = 0; i < inputs.Length; i++)
                destination[i] = Scale(rows[step * shape.Columns + inputs[i]], inputs[i], means, deviations);
            if (shape.Base != KnownForecast.None)
                FillMisses(destination.Slice(inputs.Length, inputs.Length), inputs, series, first - length + step, deviations);
            times.Slice(step * shape.TimeValues, shape.TimeValues).CopyTo(destination[^shape.TimeValues..]);
        }
        if (withTargets)
        {
            var targets = batch.TargetValues.Slice(row * shape.TargetSize, shape.TargetSize);
            Actual(index, targets);
            Scale(index, targets, means, deviations);
        }
        if (shape.Base != KnownForecast.None)
        {
            var known = batch.BaseValues.Slice(row * shape.TargetSize, shape.TargetSize);
            Forecast(index, shape.Base, known);
            Scale(index, known, means, deviations);
        }
    }

    /// <summary>The scales of a sequence, [columns] each.</summary>
    public void ScalesOf(int index, Span<double> means, Span<double> deviations)
    {
        var length = LengthOf(index);
        scales.Of(SeriesOf(index), SeriesOf(index).RowsOf(RowOf(index) - length, length), means, deviations);
    }

    /// <summary>What came, in original units, [Horizon, Targets].</summary>
    public void Actual(int index, Span<float> values)
    {
        ReadOnlySpan<int> targets = shape.Targets[PlaceOf(index)];
        var rows = SeriesOf(index).RowsOf(RowOf(index), shape.Horizon);
        for (var step = 0; step < shape.Horizon; step++)
            for (var target = 0; target < targets.Length; target++)
                values[step * targets.Length + target] = rows[step * shape.Columns + targets[target]];
    }

    /// <summary>A known forecast, in original units, [Horizon, Targets].</summary>
    public void Forecast(int index, KnownForecast kind, Span<float> values)
    {
        ReadOnlySpan<int> targets = shape.Targets[PlaceOf(index)];
        var first = RowOf(index);
        var known = SeriesOf(index).Values;
        for (var step = 0; step < shape.Horizon; step++)
        {
            // The newest known row that stands whole seasons before.
            var row = kind == KnownForecast.Last ? first - 1 : first + step - shape.Season * (step / shape.Season + 1);
            for (var target = 0; target < targets.Length; target++)
                values[step * targets.Length + target] = known[row * shape.Columns + targets[target]];
        }
    }

    /// <summary>Scales or unscales rows of targets in place.</summary>
    public void Convert(int index, Span<float> values, bool toOriginal)
    {
        var (means, deviations) = (new double[shape.Columns], new double[shape.Columns]);
        ScalesOf(index, means, deviations);
        if (!toOriginal)
        {
            Scale(index, values, means, deviations);
            return;
        }
        ReadOnlySpan<int> targets = shape.Targets[PlaceOf(index)];
        for (var i = 0; i < values.Length; i++)
        {
            var column = targets[i % targets.Length];
            values[i] = (float)(values[i] * deviations[column] + means[column]);
        }
    }

    // What the network is to correct in the rows to come, it sees in those that came. Nothing is known of a series' first rows: they have zeros.
    private void FillMisses(Span<float> misses, ReadOnlySpan<int> inputs, Series series, int row, ReadOnlySpan<double> deviations)
    {
        for (var i = 0; i < misses.Length; i++)
        {
            var column = inputs[i];
            misses[i] = row < shape.BaseLag ? 0 : (float)(((double)series[row, column] - series[row - shape.BaseLag, column]) / deviations[column]);
        }
    }

    private void Scale(int index, Span<float> values, ReadOnlySpan<double> means, ReadOnlySpan<double> deviations)
    {
        ReadOnlySpan<int> targets = shape.Targets[PlaceOf(index)];
        for (var i = 0; i < values.Length; i++)
            values[i] = Scale(values[i], targets[i % targets.Length], means, deviations);
    }

    private static float Scale(float value, int column, ReadOnlySpan<double> means, ReadOnlySpan<double> deviations) =>
        (float)((value - means[column]) / deviations[column]);
}
