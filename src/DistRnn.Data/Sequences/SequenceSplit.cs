using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>Which sequences of the training data go to which part. Inside a part they stand in the order of the file.</summary>
internal static class SequenceSplit
{
    /// <param name="split">The shares.</param>
    /// <param name="order">By file, by chance, or by chance with each class in the same proportions.</param>
    /// <param name="labels">The class of each sequence.</param>
    /// <param name="seed">The job's seed.</param>
    /// <param name="name">What messages call the data.</param>
    public static (int[] Train, int[] Valid, int[] Test) Of(SplitOptions split, SplitOrder order, ReadOnlySpan<int> labels, ulong seed, string name)
    {
        var ends = Shares.Ends(split, labels.Length, name, "sequences");
        var sequences = new int[labels.Length];
        if (order == SplitOrder.File)
            sequences = [.. Enumerable.Range(0, sequences.Length)];
        else
            new Philox(seed, PhiloxPurpose.Split, 0).Permutation(sequences);
        if (order == SplitOrder.Stratified)
            Spread(sequences, labels);
        var (train, valid, test) = ((int)ends.Train, (int)ends.Valid, (int)ends.Test);
        return (Sorted(sequences[..train]), Sorted(sequences[train..valid]), Sorted(sequences[valid..test]));
    }

    /// <summary>
    /// Reorders so that every class is spread evenly from the beginning to the end: the j-th of n sequences of a class stands at (j + 1/2) / n. Then any
    /// contiguous piece has each class in proportion, to within one.
    /// </summary>
    private static void Spread(int[] sequences, ReadOnlySpan<int> labels)
    {
        var total = new Dictionary<int, int>();
        foreach (var label in labels)
            total[label] = total.GetValueOrDefault(label) + 1;
        var seen = new Dictionary<int, int>();
        var keys = new (double Place, int Rank)[sequences.Length];
        for (var rank = 0; rank < sequences.Length; rank++)
        {
            var label = labels[sequences[rank]];
            var before = seen.GetValueOrDefault(label);
            keys[rank] = ((before + 0.5) / total[label], rank);
            seen[label] = before + 1;
        }
        Array.Sort(keys, sequences);
    }

    private static int[] Sorted(int[] sequences)
    {
        Array.Sort(sequences);
        return sequences;
    }
}
