using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>The data of a classification job: independent sequences with a class each.</summary>
public sealed class ClassificationData : LabelledSequenceData
{
    private ClassificationData(SequenceContent content)
        : base(content, "classification")
    {
    }

    /// <inheritdoc/>
    public override TargetKind TargetKind => TargetKind.ClassPerSequence;

    internal static ClassificationData LoadNew(ClassificationDataOptions options, ulong seed, IProgress<DataProgress>? progress)
    {
        var reading = NewReading(options, withTargets: true, progress);
        return new ClassificationData(SequenceLoading.LoadNew(
            options, options.Normalize, options.Tokens == TokenKind.Byte, SplitOrder.Stratified, seed, reading, source => ClassificationReader.Read(source, options.Format, reading)));
    }

    internal static ClassificationData LoadSaved(
        ClassificationDataOptions options, string stateDirectory, TextSource? source, bool withTargets, IProgress<DataProgress>? progress)
    {
        var reading = NewReading(options, withTargets, progress);
        return new ClassificationData(SequenceLoading.LoadSaved(
            options, options.Normalize, options.Tokens == TokenKind.Byte, 1, stateDirectory, source, reading, file => ClassificationReader.Read(file, options.Format, reading)));
    }

    private static SequenceReading NewReading(ClassificationDataOptions options, bool withTargets, IProgress<DataProgress>? progress)
    {
        TokenChecks.Check(options, specials: 1, options.MaxLength);
        return new SequenceReading(options, options.Tokens, options.MaxLength, 0, labelPerStep: false, withTargets, progress);
    }
}
