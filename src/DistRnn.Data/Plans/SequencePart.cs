using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>The sequences of one part as plans see them: how many, how long, and how one is written to a row of a batch.</summary>
internal abstract class SequencePart
{
    /// <summary>Sequences of the part.</summary>
    public abstract int Count { get; }

    /// <summary>Steps of a sequence, at least 1.</summary>
    public abstract int LengthOf(int index);

    /// <summary>Gives a batch the shape for sequences of these lengths.</summary>
    public abstract void Reset(SequenceBatch batch, ReadOnlySpan<int> lengths);

    /// <summary>Writes a sequence to a row of a batch.</summary>
    public abstract void Fill(SequenceBatch batch, int row, int index);

    /// <summary>Writes several sequences as the rows of a batch, in their order.</summary>
    public virtual void Fill(SequenceBatch batch, ReadOnlySpan<int> indices)
    {
        Span<int> lengths = indices.Length <= 1024 ? stackalloc int[indices.Length] : new int[indices.Length];
        for (var row = 0; row < indices.Length; row++)
            lengths[row] = LengthOf(indices[row]);
        Reset(batch, lengths);
        for (var row = 0; row < indices.Length; row++)
        {
            Fill(batch, row, indices[row]);
            batch.RowIds[row] = indices[row];
        }
    }

    /// <summary>The lengths of all sequences, and whether they are the same.</summary>
    public bool AllOfOneLength()
    {
        for (var index = 1; index < Count; index++)
        {
            if (LengthOf(index) != LengthOf(0))
                return false;
        }
        return true;
    }
}
