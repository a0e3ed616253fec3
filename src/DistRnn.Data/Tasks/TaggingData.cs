using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>The data of a tagging job: independent sequences with a label at every step.</summary>
public sealed class TaggingData : LabelledSequenceData
{
    private TaggingData(SequenceContent content)
        : base(content, "tagging") => Spans = ConllSpans.AreSpanLabels(ClassNames) ? new ConllSpans(LabelNames) : null;

    /// <inheritdoc/>
    public override TargetKind TargetKind => TargetKind.ClassPerStep;

    /// <summary>
    /// How spans are counted, over <see cref="LabelledSequenceData.LabelNames"/>, where the labels are BIO tags; null where they are not. The gold labels
    /// are <see cref="LabelledSequenceData.LabelsOf"/>, so that spans of labels unseen in training count as found in the gold labels and missed.
    /// </summary>
    public ConllSpans? Spans { get; }

    internal static TaggingData LoadNew(TaggingDataOptions options, ulong seed, IProgress<DataProgress>? progress)
    {
        var reading = NewReading(options, withTargets: true, progress);
        return new TaggingData(SequenceLoading.LoadNew(
            options, options.Normalize, bytes: false, SplitOrder.Shuffled, seed, reading, source => TaggingReader.Read(source, options, reading)));
    }

    internal static TaggingData LoadSaved(
        TaggingDataOptions options, string stateDirectory, TextSource? source, bool withTargets, IProgress<DataProgress>? progress)
    {
        var reading = NewReading(options, withTargets, progress);
        return new TaggingData(SequenceLoading.LoadSaved(
            options, options.Normalize, bytes: false, 1 + Features(options), stateDirectory, source, reading, file => TaggingReader.Read(file, options, reading)));
    }

    private static SequenceReading NewReading(TaggingDataOptions options, bool withTargets, IProgress<DataProgress>? progress)
    {
        TokenChecks.Check(options with { Tokens = TokenKind.Word }, specials: 1, options.MaxLength);
        ImmutableArray<int> columns = [options.Columns.Token, .. options.Columns.Features, options.Columns.Tag ?? int.MaxValue];
        if (options.Format == TaggingFormat.Conll && (columns.Any(column => column < 0) || columns.Distinct().Count() < columns.Length))
            throw new InvalidInputException("data.columns names a column below 0 or the same column twice; columns are counted from 0 and each has one use.");
        return new SequenceReading(options, TokenKind.Word, options.MaxLength, Features(options), labelPerStep: true, withTargets, progress)
        {
            Spellings = options.WithCharacters ? new SpellingTable() : null,
        };
    }

    private static int Features(TaggingDataOptions options) => options.Format == TaggingFormat.Conll ? options.Columns.Features.Length : 0;
}
