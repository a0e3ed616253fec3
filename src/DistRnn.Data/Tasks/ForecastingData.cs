using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>
/// The data of a forecasting job: windows over series. Batches have scaled values; what this class says about a sequence is in original units unless it says
/// otherwise. A window makes one sequence, or with <see cref="ForecastingDataOptions.ColumnsApart"/> one for each column that is forecast, in their order. A
/// sequence is named by its part and its index in it, which <see cref="SequenceBatch.RowIds"/> of an evaluation plan says. The values of a forecast are
/// [<see cref="Horizon"/>, targets], as the network's outputs are, where targets are the columns that the sequence forecasts.
/// </summary>
public sealed class ForecastingData : TaskData
{
    private readonly SeriesTable _table;
    private readonly WindowShape _shape;
    private readonly SeriesScales _scales;
    private readonly WindowPart? _training;
    private readonly Dictionary<PartKind, WindowPart> _parts = [];
    private readonly Dictionary<Series, double[]> _differences = [];

    private ForecastingData(ForecastingDataOptions options, SeriesReader reader, SeriesScales? saved, bool withTargets)
    {
        (_table, Files) = (reader.Table, [.. reader.Files]);
        var panel = options.Format == ForecastingFormat.Panel;
        ImmutableArray<string> inputs = options.Columns.IsDefaultOrEmpty ? [.. _table.Columns] : options.Columns;
        TargetNames = options.Targets.IsDefaultOrEmpty ? inputs : options.Targets;
        var (read, forecast) = ColumnsOf(inputs, TargetNames, options.ColumnsApart);
        _shape = new WindowShape(options.InputLength, options.Horizon, options.Season, options.Base, read, forecast, _table.Columns.Length, _table.TimeValues);
        if (saved is null)
            WindowPlanner.CheckSeason(_table, _shape, panel);
        _scales = saved ?? SeriesScales.Fit(options.Normalize, _table);
        if (saved is null)
            _training = new WindowPart(_shape, _scales, WindowPlanner.Training(_table, _shape, panel), withTargets: true);
        foreach (var part in Enum.GetValues<PartKind>())
        {
            if (!_table.All.Any(series => series.Parts.ContainsKey(part)))
                continue;
            var windows = withTargets ? WindowPlanner.Evaluation(_table, _shape, panel, part) : WindowPlanner.Future(_table, _shape, panel);
            _parts[part] = new WindowPart(_shape, _scales, windows, withTargets);
        }
        foreach (var series in _table.All)
        {
            if (series.Parts.TryGetValue(PartKind.Train, out var rows))
                _differences[series] = SeasonalDifferences(series, rows.End);
        }
        Digest = MakeDigest();
    }

    /// <summary>The columns that are forecast, by all sequences of a window together.</summary>
    public ImmutableArray<string> TargetNames { get; }

    /// <summary>Sequences that a window makes, at least 1: those of one window stand one behind the other.</summary>
    public int SequencesPerWindow => _shape.PerWindow;

    /// <summary>Columns that a sequence forecasts, at least 1.</summary>
    public int TargetsPerSequence => _shape.TargetColumns;

    /// <summary>Rows of a forecast.</summary>
    public int Horizon => _shape.Horizon;

    /// <summary>Rows that a forecast is made from, at most.</summary>
    public int InputLength => _shape.InputLength;

    /// <inheritdoc/>
    public override ImmutableArray<Vocabulary> Vocabularies => [];

    /// <summary>
    /// Columns that a sequence reads; where a known forecast is corrected, as many values again, each column's distance from it at that row; and two values
    /// for each time feature behind them.
    /// </summary>
    public override int ValueSize => _shape.ValueSize;

    /// <inheritdoc/>
    public override TargetKind TargetKind => TargetKind.ValuesPerSequence;

    /// <inheritdoc/>
    public override int Outputs => _shape.TargetSize;

    /// <inheritdoc/>
    public override ImmutableArray<string> ClassNames => [];

    /// <inheritdoc/>
    public override ImmutableArray<long> LabelCounts => [];

    /// <inheritdoc/>
    public override string Digest { get; }

    /// <inheritdoc/>
    public override bool Has(PartKind part) => _parts.ContainsKey(part);

    /// <inheritdoc/>
    public override PartDescription Describe(PartKind part)
    {
        var windows = part == PartKind.Train ? _training! : _parts[part];
        var (steps, longest) = (0L, 0);
        for (var index = 0; index < windows.Count; index++)
        {
            steps += windows.LengthOf(index);
            longest = Math.Max(longest, windows.LengthOf(index));
        }
        return new PartDescription(part, windows.Count, steps, windows.Count * (long)_shape.TargetSize, 0, 0, longest);
    }

    /// <inheritdoc/>
    public override ITrainingPlan CreateTrainingPlan(ulong seed, int batch, int shards, int? window)
    {
        if (window is not null)
            throw new InvalidInputException(FormattableString.Invariant($"training.window is {window}; a forecast's input is read whole (full); data.input-length says how long it is."));
        return new SequenceTrainingPlan(_training ?? throw new InvalidOperationException("There is no training part."), seed, batch, shards);
    }

    /// <summary>What an evaluation of a part reads. The training part's windows are here those that have a season before them, for comparisons.</summary>
    /// <inheritdoc/>
    public override IEvaluationPlan CreateEvaluationPlan(PartKind part, int batch) => new SequenceEvaluationPlan(_parts[part], batch);

    /// <inheritdoc/>
    public override void SaveState(string directory)
    {
        var scales = _scales.Kind == NormalizeKind.Series ? _scales.BySeries : new() { [SeriesTable.Only] = _scales.Common };
        ScaleFile.Write(Path.Combine(directory, StateFiles.Normalization), _scales.Kind, _table.Columns, scales);
    }

    /// <summary>The name of a sequence's series; "all" for a CSV file, which is one series.</summary>
    /// <param name="part">The part.</param>
    /// <param name="sequence">The sequence.</param>
    public string SeriesOf(PartKind part, long sequence) => _parts[part].SeriesOf(checked((int)sequence)).Name;

    /// <summary>The first row of a sequence's forecast, counted from the beginning of the series (of the training data, where the part goes on from it).</summary>
    /// <param name="part">The part.</param>
    /// <param name="sequence">The sequence.</param>
    public long RowOf(PartKind part, long sequence) => _parts[part].RowOf(checked((int)sequence));

    /// <summary>What came. Only for data with targets.</summary>
    /// <param name="part">The part.</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="values">Where to, [Horizon, targets].</param>
    public void Actual(PartKind part, long sequence, Span<float> values) => _parts[part].Actual(checked((int)sequence), CheckSize(values));

    /// <summary>The naive forecast: the last value before the forecast, at every step of it.</summary>
    /// <param name="part">The part.</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="values">Where to, [Horizon, targets].</param>
    public void NaiveForecast(PartKind part, long sequence, Span<float> values) =>
        _parts[part].Forecast(checked((int)sequence), KnownForecast.Last, CheckSize(values));

    /// <summary>The seasonal forecast: the value one season before, or as many seasons as it takes to be known. Only for data with targets.</summary>
    /// <param name="part">The part.</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="values">Where to, [Horizon, targets].</param>
    public void SeasonalForecast(PartKind part, long sequence, Span<float> values) =>
        _parts[part].Forecast(checked((int)sequence), KnownForecast.Seasonal, CheckSize(values));

    /// <summary>Brings a sequence's scaled values, such as the network's outputs, back to original units, in place.</summary>
    /// <param name="part">The part.</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="values">[Horizon, targets].</param>
    public void ToOriginal(PartKind part, long sequence, Span<float> values) => _parts[part].Convert(checked((int)sequence), CheckSize(values), toOriginal: true);

    /// <summary>Scales a sequence's original values as its batch scales its targets, in place.</summary>
    /// <param name="part">The part.</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="values">[Horizon, targets].</param>
    public void ToNormalized(PartKind part, long sequence, Span<float> values) => _parts[part].Convert(checked((int)sequence), CheckSize(values), toOriginal: false);

    /// <summary>
    /// The scale of MASE (Hyndman and Koehler 2006): the mean absolute difference between a value and the one a season before, over the training rows of the
    /// sequence's series, or, where it has none, over the rows before the forecast. 0 where the series repeats itself: such a sequence has no MASE.
    /// </summary>
    /// <param name="part">The part.</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="scales">Where to, [targets].</param>
    public void MaseScales(PartKind part, long sequence, Span<double> scales)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(scales.Length, TargetsPerSequence, nameof(scales));
        var index = checked((int)sequence);
        var series = _parts[part].SeriesOf(index);
        var differences = _differences.TryGetValue(series, out var known) ? known : SeasonalDifferences(series, _parts[part].RowOf(index));
        differences.AsSpan(_parts[part].PlaceOf(index) * TargetsPerSequence, TargetsPerSequence).CopyTo(scales);
    }

    internal static ForecastingData LoadNew(ForecastingDataOptions options, IProgress<DataProgress>? progress) =>
        new(options, SeriesLoading.ReadParts(options, progress), null, withTargets: true);

    internal static ForecastingData LoadSaved(
        ForecastingDataOptions options, string stateDirectory, TextSource? source, bool withTargets, IProgress<DataProgress>? progress)
    {
        var path = Path.Combine(stateDirectory, StateFiles.Normalization);
        var (kind, columns, scales) = ScaleFile.Read(path);
        var reader = SeriesLoading.ReadNew(options, columns, source, progress);
        var unknown = kind == NormalizeKind.Series ? reader.Table.All.Find(series => !scales.ContainsKey(series.Name)) : null;
        if (unknown is not null)
            throw new InvalidInputException($"{source!.Name}: the series \"{unknown.Name}\" is not among those that the model was trained on, and data.normalize is series.");
        var common = scales.GetValueOrDefault(SeriesTable.Only) ?? ColumnScales.Identity(columns.Length);
        return new ForecastingData(options, reader, new SeriesScales(kind, common, scales), withTargets);
    }

    private Span<float> CheckSize(Span<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, _shape.TargetSize, nameof(values));
        return values;
    }

    // Apart, a sequence reads the column that it forecasts and those that no sequence does.
    private (int[][] Read, int[][] Forecast) ColumnsOf(ImmutableArray<string> inputs, ImmutableArray<string> targets, bool apart)
    {
        if (!apart)
            return ([IndicesOf(inputs)], [IndicesOf(targets)]);
        var outside = targets.FirstOrDefault(target => !inputs.Contains(target, StringComparer.Ordinal));
        if (outside is not null)
            throw new InvalidInputException($"data.targets names \"{outside}\", which is not among data.columns; with data.columns-apart a column is forecast from itself.");
        int[] beside = IndicesOf(inputs.Except(targets, StringComparer.Ordinal));
        return ([.. IndicesOf(targets).Select(target => (int[])[target, .. beside])], [.. IndicesOf(targets).Select(target => (int[])[target])]);
    }

    private int[] IndicesOf(IEnumerable<string> names) => [.. names.Select(name => Array.IndexOf(_table.Columns, name))];

    private double[] SeasonalDifferences(Series series, int rows)
    {
        int[] targets = [.. _shape.Targets.SelectMany(columns => columns)];
        var differences = new double[targets.Length];
        for (var target = 0; target < differences.Length && rows > _shape.Season; target++)
        {
            for (var row = _shape.Season; row < rows; row++)
                differences[target] += Math.Abs((double)series[row, targets[target]] - series[row - _shape.Season, targets[target]]);
            differences[target] /= rows - _shape.Season;
        }
        return differences;
    }

    private string MakeDigest()
    {
        using var digest = new ContentDigest("forecasting");
        digest.Add<int>([_shape.InputLength, _shape.Horizon, _shape.Season, (int)_shape.Base, _shape.TimeValues, (int)_scales.Kind]);
        foreach (var (read, forecast) in _shape.Inputs.Zip(_shape.Targets))
        {
            digest.Add<int>(read);
            digest.Add<int>(forecast);
        }
        foreach (var scales in (IEnumerable<ColumnScales>)[_scales.Common, .. _table.All.Select(series => _scales.BySeries.GetValueOrDefault(series.Name)).OfType<ColumnScales>()])
        {
            digest.Add<double>(scales.Means);
            digest.Add<double>(scales.Deviations);
        }
        foreach (var series in _table.All)
        {
            digest.Add(series.Name);
            digest.Add(series.Values);
            digest.Add(series.Times);
            foreach (var (part, rows) in series.Parts.OrderBy(part => part.Key))
                digest.Add<int>([(int)part, rows.Start, rows.End]);
        }
        return digest.Finish();
    }
}
