using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>Independent sequences, of tokens or of numbers, with labels: what classification and tagging have in common.</summary>
/// <remarks>
/// A label that the training part does not have is <see cref="TaskData.UnseenLabel"/> in a batch and no prediction can be right about it;
/// <see cref="LabelsOf"/> says which it is.
/// </remarks>
public abstract class LabelledSequenceData : TaskData
{
    private readonly SequenceContent _content;

    private protected LabelledSequenceData(SequenceContent content, string task)
    {
        _content = content;
        Files = content.Files;
        Digest = content.Digest(task);
    }

    /// <inheritdoc/>
    public override ImmutableArray<Vocabulary> Vocabularies => _content.Vocabularies;

    /// <inheritdoc/>
    public override Vocabulary? Characters => _content.Characters;

    /// <inheritdoc/>
    public override int ValueSize => _content.ValueSize;

    /// <inheritdoc/>
    public override int Outputs => _content.Labels.Count;

    /// <inheritdoc/>
    public override ImmutableArray<string> ClassNames => _content.Labels.Tokens;

    /// <inheritdoc/>
    public override ImmutableArray<long> LabelCounts => _content.Labels.Counts;

    /// <summary>The names of all labels that were read: first <see cref="TaskData.ClassNames"/>, then those that the training part does not have.</summary>
    public ImmutableArray<string> LabelNames => _content.LabelNames;

    /// <inheritdoc/>
    public override string Digest { get; }

    /// <summary>The labels of a sequence as indices into <see cref="LabelNames"/>: one for classification, one a step for tagging. Empty without targets.</summary>
    /// <param name="part">One that <see cref="Has"/>.</param>
    /// <param name="index">The sequence's index in the part, as <see cref="SequenceBatch.RowIds"/> says.</param>
    public ReadOnlySpan<int> LabelsOf(PartKind part, long index) =>
        _content.WithTargets ? _content.Parts[part].LabelsOf(checked((int)index)) : [];

    /// <inheritdoc/>
    public override bool Has(PartKind part) => _content.Parts.ContainsKey(part);

    /// <inheritdoc/>
    public override PartDescription Describe(PartKind part) => _content.Describe(part);

    /// <inheritdoc/>
    public override ITrainingPlan CreateTrainingPlan(ulong seed, int batch, int shards, int? window)
    {
        if (window is not null)
            throw new InvalidInputException(FormattableString.Invariant($"training.window is {window}; independent sequences are read whole (full)."));
        return new SequenceTrainingPlan(_content.Parts[PartKind.Train], seed, batch, shards);
    }

    /// <inheritdoc/>
    public override IEvaluationPlan CreateEvaluationPlan(PartKind part, int batch) => new SequenceEvaluationPlan(_content.Parts[part], batch);

    /// <inheritdoc/>
    public override void SaveState(string directory)
    {
        for (var column = 0; column < Vocabularies.Length; column++)
            Vocabularies[column].Write(Path.Combine(directory, StateFiles.VocabularyOf(column)));
        _content.Characters?.Write(Path.Combine(directory, StateFiles.Characters));
        _content.Labels.Write(Path.Combine(directory, StateFiles.Labels));
        if (ValueSize > 0)
        {
            var columns = Enumerable.Range(0, ValueSize).Select(column => FormattableString.Invariant($"{column}"));
            ScaleFile.Write(Path.Combine(directory, StateFiles.Normalization), _content.Normalize, columns, [new("all", _content.Scales)]);
        }
    }
}
