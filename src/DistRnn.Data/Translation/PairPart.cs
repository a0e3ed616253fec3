using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>The pairs of a part as plans see them: their sources, with the targets beside them.</summary>
internal sealed class PairPart(PairSide source, PairSide target, int[] sequences, PairForm form) : SequencePart
{
    public override int Count => sequences.Length;

    /// <summary>The place of each pair among all that were read.</summary>
    public ReadOnlySpan<int> Sequences => sequences;

    public override int LengthOf(int index) => source.LengthOf(sequences[index]);

    public override void Reset(SequenceBatch batch, ReadOnlySpan<int> lengths) =>
        batch.Reset(lengths, 1, 0, form.WithTargets ? TargetKind.SequencePerSequence : TargetKind.None);

    public override void Fill(SequenceBatch batch, ReadOnlySpan<int> indices)
    {
        if (form.WithTargets)
        {
            Span<int> lengths = indices.Length <= 1024 ? stackalloc int[indices.Length] : new int[indices.Length];
            for (var row = 0; row < indices.Length; row++)
                lengths[row] = TargetLengthOf(indices[row]);
            batch.TargetSequences.Reset(lengths, 1, 0, TargetKind.ClassPerStep);
        }
        base.Fill(batch, indices);
    }

    public override void Fill(SequenceBatch batch, int row, int index)
    {
        var numbers = source.NumbersOf(sequences[index]);
        var tokens = batch.Tokens(0).Slice(batch.Offsets[row], numbers.Length);
        for (var i = 0; i < tokens.Length; i++)
            tokens[i] = source.IdOf(numbers[form.Reverse ? numbers.Length - 1 - i : i]);
        if (form.WithTargets)
            FillTarget(batch.TargetSequences, row, index);
    }

    /// <summary>Tokens of a target with its end.</summary>
    public int TargetLengthOf(int index) => target.LengthOf(sequences[index]) + (form.End is null ? 0 : 1);

    private void FillTarget(SequenceBatch batch, int row, int index)
    {
        var numbers = target.NumbersOf(sequences[index]);
        var (start, length) = (batch.Offsets[row], batch.LengthOf(row));
        var inputs = batch.Tokens(0).Slice(start, length);
        var targets = batch.Targets.Slice(start, length);
        inputs[0] = form.Start;
        for (var i = 0; i < numbers.Length; i++)
            targets[i] = target.IdOf(numbers[i]);
        if (form.End is { } end)
            targets[^1] = end;
        targets[..^1].CopyTo(inputs[1..]);
        batch.RowIds[row] = index;
    }
}

/// <summary>How pairs are written to a batch.</summary>
/// <param name="WithTargets">Whether there are targets.</param>
/// <param name="Reverse">Whether sources are read from their end.</param>
/// <param name="Start">What a decoder reads at first.</param>
/// <param name="End">What ends a target, or null.</param>
internal sealed record PairForm(bool WithTargets, bool Reverse, int Start, int? End);
