using System.Buffers;
using System.Runtime.InteropServices;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>
/// Sequences of a classification or tagging job in memory, one behind the other: token columns, values, labels. Reading appends to it; afterwards the
/// provisional numbers of tokens and labels are replaced by ids, and values are scaled, in place.
/// </summary>
internal sealed class SequenceTable(int tokenColumns, bool labelPerStep)
{
    private readonly List<int> _ends = [];
    private readonly List<float> _values = [];

    /// <summary>The token columns, [steps] each.</summary>
    public List<int>[] Tokens { get; } = [.. Enumerable.Range(0, tokenColumns).Select(_ => new List<int>())];

    /// <summary>The labels, [steps] or [sequences].</summary>
    public List<int> Labels { get; } = [];

    /// <summary>How the token of each step is spelt, [steps], where characters are read; else empty.</summary>
    public List<int> Spellings { get; } = [];

    /// <summary>The characters' ids of each spelling, where they are read.</summary>
    public int[][]? Characters { get; set; }

    public bool LabelPerStep => labelPerStep;

    /// <summary>Values a step, 0 until the first numeric sequence.</summary>
    public int ValueSize { get; set; }

    public int Count => _ends.Count;

    public int Steps => _ends.Count == 0 ? 0 : _ends[^1];

    /// <summary>All values, [steps, ValueSize].</summary>
    public Span<float> Values => CollectionsMarshal.AsSpan(_values);

    public int StartOf(int sequence) => sequence == 0 ? 0 : _ends[sequence - 1];

    public int LengthOf(int sequence) => _ends[sequence] - StartOf(sequence);

    /// <summary>The labels of a sequence: one, or one a step.</summary>
    public ReadOnlySpan<int> LabelsOf(int sequence)
    {
        var labels = CollectionsMarshal.AsSpan(Labels);
        return labelPerStep ? labels.Slice(StartOf(sequence), LengthOf(sequence)) : labels.Slice(sequence, 1);
    }

    /// <summary>The spellings of a sequence, [length].</summary>
    public ReadOnlySpan<int> SpellingsOf(int sequence) => CollectionsMarshal.AsSpan(Spellings).Slice(StartOf(sequence), LengthOf(sequence));

    /// <summary>The values of a sequence, [length, ValueSize].</summary>
    public Span<float> ValuesOf(int sequence) => Values.Slice(StartOf(sequence) * ValueSize, LengthOf(sequence) * ValueSize);

    /// <summary>Appends the values of one step; the sequence is ended by <see cref="End"/>.</summary>
    public void AddValues(ReadOnlySpan<float> values) => _values.AddRange(values);

    /// <summary>Ends a sequence of so many steps, whose tokens or values have been appended.</summary>
    public void End(int steps) => _ends.Add(checked(Steps + steps));

    /// <summary>Replaces every number by what the map says.</summary>
    public static void Map(List<int> numbers, ReadOnlySpan<int> map)
    {
        foreach (ref var number in CollectionsMarshal.AsSpan(numbers))
            number = map[number];
    }
}

/// <summary>Some sequences of a table, in an order of their own: a part of the data.</summary>
internal sealed class TablePart(SequenceTable table, int[] sequences, int knownLabels, bool withTargets) : SequencePart
{
    public SequenceTable Table => table;

    public override int Count => sequences.Length;

    public override int LengthOf(int index) => table.LengthOf(sequences[index]);

    public ReadOnlySpan<int> LabelsOf(int index) => table.LabelsOf(sequences[index]);

    /// <summary>Everything about one sequence, for a digest.</summary>
    public void AddTo(ContentDigest digest, int index)
    {
        var sequence = sequences[index];
        foreach (var column in table.Tokens)
            digest.Add<int>(CollectionsMarshal.AsSpan(column).Slice(table.StartOf(sequence), table.LengthOf(sequence)));
        if (table.Characters is { } characters)
            foreach (var spelling in table.SpellingsOf(sequence))
                digest.Add<int>(characters[spelling]);
        digest.Add<float>(table.ValuesOf(sequence));
        if (withTargets)
            digest.Add(table.LabelsOf(sequence));
    }

    public override void Reset(SequenceBatch batch, ReadOnlySpan<int> lengths)
    {
        var kind = !withTargets ? TargetKind.None : table.LabelPerStep ? TargetKind.ClassPerStep : TargetKind.ClassPerSequence;
        batch.Reset(lengths, table.Tokens.Length, table.ValueSize, kind);
    }

    public override void Fill(SequenceBatch batch, ReadOnlySpan<int> indices)
    {
        base.Fill(batch, indices);
        if (table.Characters is { } characters)
            FillCharacters(batch, indices, characters);
    }

    public override void Fill(SequenceBatch batch, int row, int index)
    {
        var sequence = sequences[index];
        var (start, length, offset) = (table.StartOf(sequence), table.LengthOf(sequence), batch.Offsets[row]);
        for (var column = 0; column < table.Tokens.Length; column++)
            CollectionsMarshal.AsSpan(table.Tokens[column]).Slice(start, length).CopyTo(batch.Tokens(column)[offset..]);
        table.ValuesOf(sequence).CopyTo(batch.Values[(offset * table.ValueSize)..]);
        if (!withTargets)
            return;
        var targets = table.LabelPerStep ? batch.Targets.Slice(offset, length) : batch.Targets.Slice(row, 1);
        table.LabelsOf(sequence).CopyTo(targets);
        foreach (ref var target in targets)
            target = target < knownLabels ? target : TaskData.UnseenLabel;
    }

    /// <summary>A row of characters for every step of the batch, in its order.</summary>
    private void FillCharacters(SequenceBatch batch, ReadOnlySpan<int> indices, int[][] characters)
    {
        var lengths = ArrayPool<int>.Shared.Rent(batch.Steps);
        var word = 0;
        foreach (var index in indices)
            foreach (var spelling in table.SpellingsOf(sequences[index]))
                lengths[word++] = characters[spelling].Length;
        var rows = batch.CharacterSequences;
        rows.Reset(lengths.AsSpan(0, word), 1, 0, TargetKind.None);
        ArrayPool<int>.Shared.Return(lengths);
        var ids = rows.Tokens(0);
        var next = 0;
        foreach (var index in indices)
        {
            foreach (var spelling in table.SpellingsOf(sequences[index]))
            {
                characters[spelling].CopyTo(ids[next..]);
                next += characters[spelling].Length;
            }
        }
    }
}
