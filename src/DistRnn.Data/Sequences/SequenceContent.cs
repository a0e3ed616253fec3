using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>Labelled sequences ready for use: ids instead of provisional numbers, scaled values, and which sequences make which part.</summary>
internal sealed class SequenceContent
{
    private readonly SequenceTable _table;
    private readonly Dictionary<PartKind, PartDescription> _descriptions = [];

    /// <summary>Fits (or takes over) vocabularies, labels and scales, and applies them.</summary>
    /// <param name="reading">All files, read.</param>
    /// <param name="options">The options.</param>
    /// <param name="normalize">How values are scaled.</param>
    /// <param name="bytes">Whether tokens are bytes, which have ids already.</param>
    /// <param name="parts">The sequences of each part.</param>
    /// <param name="saved">What a trained model kept, or null to fit on the training part.</param>
    public SequenceContent(
        SequenceReading reading, TokenDataOptions options, NormalizeKind normalize, bool bytes, Dictionary<PartKind, int[]> parts, SavedState? saved)
    {
        _table = reading.Table;
        (WithTargets, Normalize, Files) = (reading.WithTargets, normalize, [.. reading.Files]);
        int[] train = parts.GetValueOrDefault(PartKind.Train) ?? [];
        Labels = saved?.Labels ?? reading.Labels.FitLabels(CountLabels(train, reading.Labels.Count));
        var unseen = reading.Labels.Tokens.Where(label => Labels.IdOf(label) < 0).ToArray();
        LabelNames = [.. Labels.Tokens, .. unseen];
        SequenceTable.Map(_table.Labels, reading.Labels.MapTo(new Vocabulary(LabelNames, [.. new long[LabelNames.Length]])));

        var numeric = reading.Numeric ?? saved?.Scales is not null;
        ValueSize = numeric ? saved?.Scales?.Columns ?? _table.ValueSize : 0;
        Vocabularies = numeric ? [] : saved?.Vocabularies ?? FitVocabularies(reading, options, bytes, train);
        Scales = saved?.Scales ?? (normalize == NormalizeKind.Standard ? FitScales(train) : ColumnScales.Identity(ValueSize));
        if (numeric)
            ApplyScales();
        else if (!bytes)
            MapTokens(reading);
        if (!numeric && reading.Spellings is { } spellings)
        {
            Characters = saved?.Characters ?? spellings.Fit(CountSpellings(train, spellings.Count));
            _table.Characters = spellings.Map(Characters);
        }

        Parts = parts.ToDictionary(part => part.Key, part => new TablePart(_table, part.Value, Labels.Count, WithTargets));
        foreach (var (part, sequences) in parts)
            _descriptions[part] = Describe(part, sequences, countUnknown: !numeric && !bytes);
    }

    public bool WithTargets { get; }

    public NormalizeKind Normalize { get; }

    public ImmutableArray<SourceFile> Files { get; }

    public Vocabulary Labels { get; }

    public ImmutableArray<string> LabelNames { get; }

    public ImmutableArray<Vocabulary> Vocabularies { get; }

    public Vocabulary? Characters { get; }

    public int ValueSize { get; }

    public ColumnScales Scales { get; }

    public Dictionary<PartKind, TablePart> Parts { get; }

    public PartDescription Describe(PartKind part) => _descriptions[part];

    public string Digest(string task)
    {
        using var digest = new ContentDigest(task);
        foreach (var vocabulary in Vocabularies)
            digest.Add(vocabulary.Tokens);
        if (Characters is { } characters)
            digest.Add(characters.Tokens);
        digest.Add(Labels.Tokens);
        digest.Add<double>(Scales.Means);
        digest.Add<double>(Scales.Deviations);
        foreach (var (part, content) in Parts)
        {
            digest.Add(part.ToString());
            for (var index = 0; index < content.Count; index++)
                content.AddTo(digest, index);
        }
        return digest.Finish();
    }

    private long[] CountLabels(int[] sequences, int labels)
    {
        var counts = new long[labels];
        if (WithTargets)
        {
            foreach (var sequence in sequences)
                foreach (var label in _table.LabelsOf(sequence))
                    counts[label]++;
        }
        return counts;
    }

    private long[] CountSpellings(int[] sequences, int spellings)
    {
        var counts = new long[spellings];
        foreach (var sequence in sequences)
            foreach (var spelling in _table.SpellingsOf(sequence))
                counts[spelling]++;
        return counts;
    }

    private ImmutableArray<Vocabulary> FitVocabularies(SequenceReading reading, TokenDataOptions options, bool bytes, int[] train)
    {
        var vocabularies = ImmutableArray.CreateBuilder<Vocabulary>();
        for (var column = 0; column < _table.Tokens.Length; column++)
        {
            var counts = new long[bytes ? 256 : reading.Tokens[column].Count];
            var numbers = CollectionsMarshal.AsSpan(_table.Tokens[column]);
            foreach (var sequence in train)
                foreach (var number in numbers.Slice(_table.StartOf(sequence), _table.LengthOf(sequence)))
                    counts[number]++;
            vocabularies.Add(
                bytes ? new Vocabulary(Vocabulary.Bytes.Tokens, [.. counts])
                : column == 0 ? reading.Tokens[0].Fit(counts, [Vocabulary.Unknown], options.Vocabulary, options.MinCount)
                : reading.Tokens[column].Fit(counts, [Vocabulary.Unknown], null, 1));
        }
        return vocabularies.ToImmutable();
    }

    private void MapTokens(SequenceReading reading)
    {
        for (var column = 0; column < _table.Tokens.Length; column++)
            SequenceTable.Map(_table.Tokens[column], reading.Tokens[column].MapTo(Vocabularies[column]));
    }

    private ColumnScales FitScales(int[] train)
    {
        if (ValueSize == 0)
            return ColumnScales.Identity(0);
        var fitter = new ScaleFitter(ValueSize);
        foreach (var sequence in train)
            fitter.AddToMean(_table.ValuesOf(sequence));
        foreach (var sequence in train)
            fitter.AddToDeviation(_table.ValuesOf(sequence));
        return fitter.Fit();
    }

    private void ApplyScales()
    {
        if (Normalize == NormalizeKind.Standard)
            Scales.Apply(_table.Values);
        for (var sequence = 0; Normalize == NormalizeKind.Instance && sequence < _table.Count; sequence++)
        {
            var values = _table.ValuesOf(sequence);
            ScaleFitter.Of(values, ValueSize).Apply(values);
        }
    }

    private PartDescription Describe(PartKind part, int[] sequences, bool countUnknown)
    {
        var (steps, longest, unknownTokens, unknownLabels, labels) = (0L, 0, 0L, 0L, 0L);
        foreach (var sequence in sequences)
        {
            var length = _table.LengthOf(sequence);
            steps += length;
            longest = Math.Max(longest, length);
            if (countUnknown)
                unknownTokens += CollectionsMarshal.AsSpan(_table.Tokens[0]).Slice(_table.StartOf(sequence), length).Count(0);
            if (!WithTargets)
                continue;
            foreach (var label in _table.LabelsOf(sequence))
            {
                labels++;
                unknownLabels += label >= Labels.Count ? 1 : 0;
            }
        }
        return new PartDescription(part, sequences.Length, steps, labels - unknownLabels, unknownTokens, unknownLabels, longest);
    }
}

/// <summary>What a trained model kept of its data, as far as it has it.</summary>
internal sealed record SavedState(ImmutableArray<Vocabulary> Vocabularies, Vocabulary Labels, ColumnScales? Scales, Vocabulary? Characters)
{
    /// <summary>Reads the files of a model of labelled sequences.</summary>
    /// <param name="directory">Where they are.</param>
    /// <param name="columns">Token columns, where it has tokens.</param>
    public static SavedState Read(string directory, int columns)
    {
        var labels = Vocabulary.Read(TextSource.FromFile(Path.Combine(directory, StateFiles.Labels)));
        var scaleFile = Path.Combine(directory, StateFiles.Normalization);
        if (File.Exists(scaleFile))
        {
            var (_, _, scales) = ScaleFile.Read(scaleFile);
            return new SavedState([], labels, scales.GetValueOrDefault("all") ?? throw new InvalidInputException($"{scaleFile} has no scales named all."), null);
        }
        var vocabularies = Enumerable.Range(0, columns).Select(column => Vocabulary.Read(TextSource.FromFile(Path.Combine(directory, StateFiles.VocabularyOf(column)))));
        var characters = Path.Combine(directory, StateFiles.Characters);
        return new SavedState([.. vocabularies], labels, null, File.Exists(characters) ? Vocabulary.Read(TextSource.FromFile(characters)) : null);
    }

    /// <summary>Refuses sequences of another kind or width than the model's.</summary>
    public void Check(SequenceReading reading, TextSource source)
    {
        if (reading.Numeric is not { } numeric)
            return;
        if (numeric != Scales is not null)
            throw new InvalidInputException($"{source.Name} has sequences of {(numeric ? "numbers" : "tokens")}; the model reads {(numeric ? "tokens" : "numbers")}.");
        if (numeric && reading.Table.ValueSize != Scales!.Columns)
            throw new InvalidInputException(FormattableString.Invariant($"{source.Name} has {reading.Table.ValueSize} values a step; the model reads {Scales.Columns}."));
    }
}
