namespace DistRnn.Data;

/// <summary>How the values of a window are scaled: by scales of all series, of its own series, or of the window itself.</summary>
/// <param name="Kind">Which of them.</param>
/// <param name="Common">The scales of all series, where they are not their own.</param>
/// <param name="BySeries">The scales of each series, where they are.</param>
internal sealed record SeriesScales(NormalizeKind Kind, ColumnScales Common, Dictionary<string, ColumnScales> BySeries)
{
    /// <summary>Fits on the training rows.</summary>
    public static SeriesScales Fit(NormalizeKind kind, SeriesTable table)
    {
        var columns = table.Columns.Length;
        var bySeries = new Dictionary<string, ColumnScales>(StringComparer.Ordinal);
        var common = ColumnScales.Identity(columns);
        if (kind == NormalizeKind.Standard)
        {
            var fitter = new ScaleFitter(columns);
            foreach (var series in table.All)
                fitter.AddToMean(TrainingRows(series));
            foreach (var series in table.All)
                fitter.AddToDeviation(TrainingRows(series));
            common = fitter.Fit();
        }
        else if (kind == NormalizeKind.Series)
        {
            foreach (var series in table.All)
                bySeries[series.Name] = ScaleFitter.Of(TrainingRows(series), columns);
        }
        return new SeriesScales(kind, common, bySeries);
    }

    /// <summary>The scales of a window.</summary>
    /// <param name="series">Its series.</param>
    /// <param name="inputs">Its input rows, [rows, columns].</param>
    /// <param name="means">Gets the means, [columns].</param>
    /// <param name="deviations">Gets the deviations, [columns].</param>
    public void Of(Series series, ReadOnlySpan<float> inputs, Span<double> means, Span<double> deviations)
    {
        if (Kind == NormalizeKind.Instance)
        {
            OfWindow(inputs, means, deviations);
            return;
        }
        var scales = Kind == NormalizeKind.Series ? BySeries[series.Name] : Common;
        scales.Means.CopyTo(means);
        scales.Deviations.CopyTo(deviations);
    }

    private static ReadOnlySpan<float> TrainingRows(Series series)
    {
        var (start, end) = series.Parts[PartKind.Train];
        return series.RowsOf(start, end - start);
    }

    private static void OfWindow(ReadOnlySpan<float> inputs, Span<double> means, Span<double> deviations)
    {
        var columns = means.Length;
        var rows = inputs.Length / columns;
        for (var column = 0; column < columns; column++)
        {
            var (sum, largest) = (0.0, 0.0);
            for (var row = 0; row < rows; row++)
            {
                var value = inputs[row * columns + column];
                sum += value;
                largest = Math.Max(largest, Math.Abs(value));
            }
            var mean = sum / rows;
            var squares = 0.0;
            for (var row = 0; row < rows; row++)
            {
                var difference = inputs[row * columns + column] - mean;
                squares += difference * difference;
            }
            var deviation = Math.Sqrt(squares / rows);
            means[column] = mean;
            deviations[column] = deviation <= 1e-7 * largest ? 1 : deviation;
        }
    }
}
