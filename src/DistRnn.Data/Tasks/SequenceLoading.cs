using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>From options to labelled sequences, the same way for classification and tagging.</summary>
internal static class SequenceLoading
{
    /// <summary>Reads all parts of a new job.</summary>
    /// <param name="options">The options.</param>
    /// <param name="normalize">How values are scaled.</param>
    /// <param name="bytes">Whether tokens are bytes.</param>
    /// <param name="defaultOrder">The order of a split that names none.</param>
    /// <param name="seed">The job's seed.</param>
    /// <param name="reading">Where files are read into.</param>
    /// <param name="read">Reads one file.</param>
    public static SequenceContent LoadNew(
        TokenDataOptions options, NormalizeKind? normalize, bool bytes, SplitOrder defaultOrder, ulong seed, SequenceReading reading, Action<TextSource> read)
    {
        PartNames.CheckOnce(PartKind.Valid, options.Valid, options.Split?.Valid);
        PartNames.CheckOnce(PartKind.Test, options.Test, options.Split?.Test);
        var train = ReadRange(options.Train, reading, read);
        CheckNormalize(normalize, reading);
        var parts = new Dictionary<PartKind, int[]> { [PartKind.Train] = train };
        var valid = options.Valid is { } validSource ? ReadRange(validSource, reading, read) : null;
        var test = options.Test is { } testSource ? ReadRange(testSource, reading, read) : null;
        if (options.Split is { } split)
        {
            var order = split.Order ?? defaultOrder;
            if (order == SplitOrder.Stratified && reading.Table.LabelPerStep)
                throw new InvalidInputException("data.split.order is stratified, which is for classification; a sequence of a tagging job has no class. Use file or shuffled.");
            int[] labels = reading.Table.LabelPerStep ? new int[train.Length] : [.. reading.Table.Labels[..train.Length]];
            var (trainPart, validPart, testPart) = SequenceSplit.Of(split, order, labels, seed, options.Train.Name);
            parts[PartKind.Train] = trainPart;
            valid ??= split.Valid is null ? null : validPart;
            test ??= split.Test is null ? null : testPart;
        }
        if (valid is not null)
            parts[PartKind.Valid] = valid;
        if (test is not null)
            parts[PartKind.Test] = test;
        foreach (var (part, sequences) in parts)
        {
            if (sequences.Length == 0)
                throw new InvalidInputException(FormattableString.Invariant($"data.split.parts leaves no sequence to {PartNames.Of(part)}; {options.Train.Name} has {train.Length}."));
        }
        return new SequenceContent(reading, options, normalize ?? NormalizeKind.Standard, bytes, parts, null);
    }

    /// <summary>Reads a new file as a trained model needs it.</summary>
    public static SequenceContent LoadSaved(
        TokenDataOptions options, NormalizeKind? normalize, bool bytes, int columns, string stateDirectory, TextSource? source, SequenceReading reading, Action<TextSource> read)
    {
        var saved = SavedState.Read(stateDirectory, columns);
        var parts = new Dictionary<PartKind, int[]>();
        if (source is not null)
        {
            parts[PartKind.Test] = ReadRange(source, reading, read);
            saved.Check(reading, source);
        }
        return new SequenceContent(reading, options, normalize ?? NormalizeKind.Standard, bytes, parts, saved);
    }

    private static int[] ReadRange(TextSource source, SequenceReading reading, Action<TextSource> read)
    {
        var before = reading.Table.Count;
        read(source);
        return [.. Enumerable.Range(before, reading.Table.Count - before)];
    }

    private static void CheckNormalize(NormalizeKind? normalize, SequenceReading reading)
    {
        if (normalize == NormalizeKind.Series)
            throw new InvalidInputException("data.normalize is series, which is for forecasting; standard, instance and none are allowed here.");
        if (normalize is { } kind && reading.Numeric == false)
            throw new InvalidInputException($"data.normalize is {kind.ToString().ToLowerInvariant()}, but the sequences are tokens, which have no scale; leave it out.");
    }
}
