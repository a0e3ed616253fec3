using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// A forecaster's metrics, and beside each that of the naive forecast (the last value) and of the seasonal one (the value a season before).
/// </summary>
/// <remarks>
/// Means over all values of all windows: <c>mse</c> and <c>mae</c> of scaled values; <c>mse-original</c> and <c>mae-original</c> in the data's units;
/// <c>smape</c> in percent, 200 |a - f| / (|a| + |f|), 0 where both are 0 (Makridakis and Hibon 2000); <c>mase</c>, the absolute error over the training
/// rows' mean seasonal difference (Hyndman and Koehler 2006), windows without such a scale left out.
/// </remarks>
/// <param name="data">The data.</param>
/// <param name="part">The part that is evaluated.</param>
/// <param name="range">Which of its shards are added.</param>
internal sealed class ForecastingFigures(ForecastingData data, PartKind part, ShardRange range)
    : EvaluationFigures(FigureKind.Forecasting, range, CountsOfAll, SumsOfAShard)
{
    /// <summary>Values, and values whose window has a scale.</summary>
    public const int CountsOfAll = 2;

    /// <summary>Six sums for each of three forecasts: the network's, the naive one, the seasonal one.</summary>
    public const int SumsOfAShard = 18;

    private static readonly string[] Names = ["mse", "mae", "mse-original", "mae-original", "smape", "mase"];

    private readonly float[] _actual = new float[data.Outputs];
    private readonly float[] _forecast = new float[data.Outputs];
    private readonly double[] _scales = new double[data.TargetsPerSequence];
    private double[][] _rowSums = [.. Enumerable.Range(0, SumsOfAShard).Select(_ => Array.Empty<double>())];

    internal override bool WantsValues => true;

    /// <summary>The metrics of all shards.</summary>
    /// <param name="whole">What they come to.</param>
    public static MetricSet Of(EvaluationPiece whole) => new(((string[])["", "naive-", "seasonal-"]).SelectMany((prefix, who) => Names.Select((name, which) =>
        Metric(prefix + name, Ratio(whole.SumOf(who * Names.Length + which), whole.Counts[name == "mase" ? 1 : 0])))));

    private protected override void AddShard(SequenceBatch batch, Predictions predictions)
    {
        if (_rowSums[0].Length < batch.Rows)
            _rowSums = [.. _rowSums.Select(_ => new double[batch.Rows])];
        for (var row = 0; row < batch.Rows; row++)
        {
            var window = batch.RowIds[row];
            var size = data.Outputs;
            data.Actual(part, window, _actual);
            data.MaseScales(part, window, _scales);
            Piece.Counts[0] += size;
            Piece.Counts[1] += (long)data.Horizon * _scales.Count(scale => scale > 0);
            predictions.Values.Slice(row * size, size).CopyTo(_forecast);
            Add(batch, row, 0, _forecast, isScaled: true);
            data.NaiveForecast(part, window, _forecast);
            Add(batch, row, 1, _forecast, isScaled: false);
            data.SeasonalForecast(part, window, _forecast);
            Add(batch, row, 2, _forecast, isScaled: false);
        }
        for (var i = 0; i < _rowSums.Length; i++)
            Piece.Add(Reductions.Sum(_rowSums[i].AsSpan(0, batch.Rows)));
    }

    private void Add(SequenceBatch batch, int row, int who, float[] forecast, bool isScaled)
    {
        var window = batch.RowIds[row];
        if (!isScaled)
            data.ToNormalized(part, window, forecast);
        var targets = batch.TargetValues.Slice(row * forecast.Length, forecast.Length);
        double square = 0, absolute = 0;
        for (var i = 0; i < forecast.Length; i++)
        {
            var error = (double)forecast[i] - targets[i];
            square += error * error;
            absolute += Math.Abs(error);
        }
        if (isScaled)
            data.ToOriginal(part, window, forecast);
        else if (who == 1)
            data.NaiveForecast(part, window, forecast);
        else
            data.SeasonalForecast(part, window, forecast);
        double originalSquare = 0, originalAbsolute = 0, symmetric = 0, scaled = 0;
        for (var i = 0; i < forecast.Length; i++)
        {
            var error = Math.Abs((double)forecast[i] - _actual[i]);
            originalSquare += error * error;
            originalAbsolute += error;
            var size = Math.Abs((double)forecast[i]) + Math.Abs((double)_actual[i]);
            symmetric += size == 0 ? 0 : 200 * error / size;
            var scale = _scales[i % _scales.Length];
            scaled += scale > 0 ? error / scale : 0;
        }
        var at = who * Names.Length;
        foreach (var sum in (ReadOnlySpan<double>)[square, absolute, originalSquare, originalAbsolute, symmetric, scaled])
            _rowSums[at++][row] = sum;
    }
}
