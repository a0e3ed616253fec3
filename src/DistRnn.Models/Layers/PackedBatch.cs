using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// How the sequences of some shards lie in the working memory: stacked, the longest first, time step by time step, so that step t is a block of
/// <c>Counts[t]</c> neighbouring rows and nothing is padded or masked. A row's bits do not depend on its neighbours, so the order is free; sums over
/// rows are not, and the lists here give every shard's rows in the order that counts: (t, plan row).
/// </summary>
/// <remarks>
/// Words: a <em>sequence</em> is a row of the shards, numbered through them in order (B in all); its <em>position</em> is its place after sorting;
/// a <em>packed row</em> is one step of one sequence (N in all), <c>Starts[t] + position</c>. A state has B rows of initial states in front of its
/// packed rows. Rebuilt for every call; allocates nothing once it has seen the largest one.
/// </remarks>
internal sealed unsafe class PackedBatch : IDisposable
{
    private readonly IntScratch _ints = new();
    private readonly IntScratch _present = new();
    private int _stepCapacity;

    /// <summary>B: sequences of all shards.</summary>
    public int Sequences { get; private set; }

    /// <summary>N: steps of all sequences, which is how many packed rows there are.</summary>
    public int PackedRows { get; private set; }

    /// <summary>T: steps of the longest sequence.</summary>
    public int Steps { get; private set; }

    /// <summary>Shards.</summary>
    public int Shards { get; private set; }

    /// <summary>The number, in the batch, of the first shard.</summary>
    public int FirstShard { get; private set; }

    /// <summary>Whether the initial states are given; otherwise they are +0 and take no part in products.</summary>
    public bool Carried { get; private set; }

    /// <summary>Sequences that have a step t, [T].</summary>
    public int* Counts { get; private set; }

    /// <summary>The packed row of position 0 at step t, [T + 1].</summary>
    public int* Starts { get; private set; }

    /// <summary>The position of each sequence, [B].</summary>
    public int* PositionOf { get; private set; }

    /// <summary>The sequence at each position, [B].</summary>
    public int* SequenceAt { get; private set; }

    /// <summary>The length of each sequence, [B].</summary>
    public int* LengthOf { get; private set; }

    /// <summary>The shard of each sequence, counted from 0, [B].</summary>
    public int* ShardOf { get; private set; }

    /// <summary>The first sequence of each shard, and behind the last one B, [Shards + 1].</summary>
    public int* FirstSequence { get; private set; }

    /// <summary>The packed rows of each shard in (t, plan row) order, [N].</summary>
    public int* Rows { get; private set; }

    /// <summary>Where each shard begins in <see cref="Rows"/>, [Shards + 1].</summary>
    public int* RowOffsets { get; private set; }

    /// <summary>0 to N - 1: rows that are in order already, such as those of what there is once a sequence.</summary>
    public int* Order { get; private set; }

    private int* ForwardPrevious { get; set; }

    private int* ForwardRows { get; set; }

    private int* ForwardOffsets { get; set; }

    private int* ReversePrevious { get; set; }

    private int* ReverseRows { get; set; }

    private int* ReverseOffsets { get; set; }

    private bool* Present => (bool*)_present.Pointer;

    /// <summary>Lays out the shards.</summary>
    /// <param name="shards">The shards, in order; empty ones are absent.</param>
    /// <param name="firstShard">The number of the first one.</param>
    /// <param name="carried">Whether initial states are given.</param>
    public void Build(ReadOnlySpan<SequenceBatch> shards, int firstShard, bool carried)
    {
        (Shards, FirstShard, Carried) = (shards.Length, firstShard, carried);
        (Sequences, PackedRows, Steps) = (0, 0, 0);
        foreach (var shard in shards)
        {
            Sequences = checked(Sequences + shard.Rows);
            PackedRows = checked(PackedRows + shard.Steps);
            for (var row = 0; row < shard.Rows; row++)
                Steps = Math.Max(Steps, shard.LengthOf(row));
        }
        Allocate();
        for (int shard = 0, sequence = 0; shard < Shards; shard++)
        {
            FirstSequence[shard] = sequence;
            Present[shard] = shards[shard].Rows > 0;
            for (var row = 0; row < shards[shard].Rows; row++, sequence++)
            {
                LengthOf[sequence] = shards[shard].LengthOf(row);
                ShardOf[sequence] = shard;
            }
        }
        FirstSequence[Shards] = Sequences;
        for (var i = 0; i < PackedRows; i++)
            Order[i] = i;
        Sort();
        ListRows();
    }

    /// <summary>The packed row of a step of a sequence.</summary>
    /// <param name="step">t.</param>
    /// <param name="sequence">The sequence.</param>
    public int PackedRowOf(int step, int sequence) => Starts[step] + PositionOf[sequence];

    /// <summary>Pairs for sums over all packed rows: the same row of both matrices.</summary>
    public ShardRows EveryRow => new(Rows, Rows, RowOffsets, Present, Shards);

    /// <summary>Pairs for sums over sequences.</summary>
    public ShardRows EverySequence => new(Order, Order, FirstSequence, Present, Shards);

    /// <summary>Pairs for recurrent weights: the state row (initial ones included) before a step, in the direction's sense, and the packed row of the step.</summary>
    /// <param name="reverse">Whether the direction reads from the end.</param>
    public ShardRows Recurrent(bool reverse) => reverse
        ? new(ReversePrevious, ReverseRows, ReverseOffsets, Present, Shards)
        : new(ForwardPrevious, ForwardRows, ForwardOffsets, Present, Shards);

    /// <inheritdoc/>
    public void Dispose()
    {
        _ints.Dispose();
        _present.Dispose();
    }

    private void Allocate()
    {
        _stepCapacity = Math.Max(_stepCapacity, Steps + 2);
        var (b, n, s) = (Sequences + 1L, PackedRows + 1L, Shards + 1L);
        var p = _ints.Ensure(3 * _stepCapacity + 4 * b + 6 * n + 4 * s);
        Counts = Take(ref p, _stepCapacity);
        Starts = Take(ref p, _stepCapacity);
        p += _stepCapacity;
        PositionOf = Take(ref p, b);
        SequenceAt = Take(ref p, b);
        LengthOf = Take(ref p, b);
        ShardOf = Take(ref p, b);
        Order = Take(ref p, n);
        Rows = Take(ref p, n);
        ForwardPrevious = Take(ref p, n);
        ForwardRows = Take(ref p, n);
        ReversePrevious = Take(ref p, n);
        ReverseRows = Take(ref p, n);
        FirstSequence = Take(ref p, s);
        RowOffsets = Take(ref p, s);
        ForwardOffsets = Take(ref p, s);
        ReverseOffsets = Take(ref p, s);
        _present.Ensure(s);
    }

    private static int* Take(ref int* p, long count)
    {
        var taken = p;
        p += count;
        return taken;
    }

    /// <summary>Sorts by length, the longest first and equals in order, by counting.</summary>
    private void Sort()
    {
        for (var step = 0; step <= Steps; step++)
            Counts[step] = 0;
        for (var sequence = 0; sequence < Sequences; sequence++)
            Counts[LengthOf[sequence] - 1]++;
        for (var step = Steps - 2; step >= 0; step--)
            Counts[step] += Counts[step + 1];
        // Counts[t] is now how many have step t; those of length t + 1 stand behind the Counts[t + 1] longer ones.
        for (var step = 0; step < Steps; step++)
            Starts[step] = Counts[step + 1];
        for (var sequence = 0; sequence < Sequences; sequence++)
        {
            var position = Starts[LengthOf[sequence] - 1]++;
            PositionOf[sequence] = position;
            SequenceAt[position] = sequence;
        }
        Starts[0] = 0;
        for (var step = 0; step < Steps; step++)
            Starts[step + 1] = Starts[step] + Counts[step];
    }

    private void ListRows()
    {
        int all = 0, forward = 0, reverse = 0;
        for (var shard = 0; shard < Shards; shard++)
        {
            (RowOffsets[shard], ForwardOffsets[shard], ReverseOffsets[shard]) = (all, forward, reverse);
            var (first, end) = (FirstSequence[shard], FirstSequence[shard + 1]);
            var longest = 0;
            for (var sequence = first; sequence < end; sequence++)
                longest = Math.Max(longest, LengthOf[sequence]);
            for (var step = 0; step < longest; step++)
            {
                for (var sequence = first; sequence < end; sequence++)
                {
                    if (LengthOf[sequence] <= step)
                        continue;
                    var row = PackedRowOf(step, sequence);
                    Rows[all++] = row;
                    if (step > 0 || Carried)
                    {
                        ForwardPrevious[forward] = step == 0 ? PositionOf[sequence] : Sequences + PackedRowOf(step - 1, sequence);
                        ForwardRows[forward++] = row;
                    }
                    var last = step + 1 == LengthOf[sequence];
                    if (!last || Carried)
                    {
                        ReversePrevious[reverse] = last ? PositionOf[sequence] : Sequences + PackedRowOf(step + 1, sequence);
                        ReverseRows[reverse++] = row;
                    }
                }
            }
        }
        (RowOffsets[Shards], ForwardOffsets[Shards], ReverseOffsets[Shards]) = (all, forward, reverse);
    }
}
