using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>Networks, parameters and shards drawn from a seed.</summary>
internal static class RandomNetwork
{
    /// <summary>Any network that the options allow, small enough to be checked by plain loops.</summary>
    public static NetworkOptions Options(Random random)
    {
        var cell = Pick(random, Enum.GetValues<CellKind>());
        var head = Pick(random, Enum.GetValues<HeadKind>());
        var columns = random.Next(4) % 3;
        int[] hidden = [.. Enumerable.Range(0, 1 + random.Next(3)).Select(_ => 1 + random.Next(random.Next(3) == 0 ? 70 : 20))];
        var outputs = 1 + random.Next(random.Next(3) == 0 ? 150 : 12);
        var characters = columns > 0 && random.Next(2) == 0 ? 1 + random.Next(24) : 0;
        return new NetworkOptions
        {
            Vocabularies = [.. Enumerable.Range(0, columns).Select(_ => 1 + random.Next(30))],
            Embeddings = [.. Enumerable.Range(0, columns).Select(_ => 1 + random.Next(20))],
            CharacterVocabulary = characters == 0 ? 0 : 1 + random.Next(12),
            Characters = characters,
            ValueSize = columns == 0 ? 1 + random.Next(5) : random.Next(3),
            ContextWindow = Pick(random, [1, 1, 3, 5]),
            Cell = cell,
            Activation = Pick(random, Enum.GetValues<Activation>()),
            Peepholes = cell == CellKind.Lstm && random.Next(2) == 0,
            ResetAfter = random.Next(2) == 0,
            Hidden = [.. hidden],
            Bidirectional = random.Next(2) == 0,
            Pooling = Pick(random, [Pooling.Last, Pooling.Mean, Pooling.Max]),
            Head = head,
            Outputs = outputs,
            Dropout = random.Next(2) == 0 ? DropoutOptions.None : new DropoutOptions(0.25f, 0.3f, 0.4f, columns > 0 ? 0.2f : 0),
            ClassWeights = head is HeadKind.ValuesPerSequence or HeadKind.Crf || random.Next(2) == 0 ? [] : [.. Enumerable.Range(0, outputs).Select(_ => (float)(0.5 + random.NextDouble()))],
        };
    }

    /// <summary>From this seed on networks have what <see cref="Refined"/> adds.</summary>
    public const int FirstRefined = 1000;

    /// <summary>
    /// The same network with one of the refinements that few networks have: with recurrent dropout, pooled by attention, or with weights that are shared. Neighbouring
    /// seeds go through these and, in each, through the cells.
    /// </summary>
    public static NetworkOptions Refined(NetworkOptions options, int seed, Random random)
    {
        var turn = (seed - FirstRefined) / 3 % 4;
        var cell = turn switch { 0 => CellKind.Rnn, 1 => CellKind.Lstm, _ => CellKind.Gru };
        options = options with { Cell = cell, Peepholes = cell == CellKind.Lstm && options.Peepholes, ResetAfter = turn == 2 };
        if (seed % 3 == 0)
            return options with { Dropout = options.Dropout with { Recurrent = 0.3f } };
        if (seed % 3 == 1)
        {
            var head = turn % 2 == 0 ? HeadKind.ValuesPerSequence : HeadKind.ClassPerSequence;
            return options with { Head = head, Pooling = Pooling.Attention, Bidirectional = turn > 1, ClassWeights = [] };
        }
        var vocabulary = 1 + random.Next(150);
        return options with
        {
            Vocabularies = [vocabulary],
            Embeddings = [options.Hidden[^1]],
            ValueSize = 0,
            Characters = 0,
            CharacterVocabulary = 0,
            ContextWindow = 1,
            Bidirectional = false,
            Head = HeadKind.ClassPerStep,
            Outputs = vocabulary,
            HeadName = "decoder",
            TieWeights = true,
            ClassWeights = [],
        };
    }

    /// <summary>Tensors of a table in PyTorch's layout; exactly floats, so that both paths begin with the same numbers.</summary>
    public static Dictionary<string, double[]> Tensors(ParameterTable table, Random random) =>
        table.Tensors.ToDictionary(tensor => tensor.Name, tensor => Uniform(random, tensor.Count, Math.Min(0.7, 2 / Math.Sqrt(tensor.RowSize))), StringComparer.Ordinal);

    /// <summary>A shard of rows of given lengths; about every sixth class is absent, but not the first.</summary>
    public static SequenceBatch Shard(NetworkOptions options, int[] lengths, Random random, bool known = true)
    {
        var batch = new SequenceBatch();
        var kind = options.Head switch
        {
            HeadKind.ClassPerStep or HeadKind.Crf => TargetKind.ClassPerStep,
            HeadKind.ClassPerSequence => TargetKind.ClassPerSequence,
            _ => TargetKind.ValuesPerSequence,
        };
        var values = kind == TargetKind.ValuesPerSequence;
        batch.Reset(lengths, options.Vocabularies.Length, options.ValueSize, kind, values ? options.Outputs : 0, values && known);
        for (var column = 0; column < options.Vocabularies.Length; column++)
            foreach (ref var token in batch.Tokens(column))
                token = random.Next(options.Vocabularies[column]);
        if (options.Characters > 0)
            FillCharacters(batch, options.CharacterVocabulary, random);
        Fill(batch.Values, random);
        Fill(batch.TargetValues, random);
        Fill(batch.BaseValues, random);
        for (var i = 0; i < batch.Targets.Length; i++)
            batch.Targets[i] = i > 0 && random.Next(6) == 0 ? -1 : random.Next(options.Outputs);
        for (var row = 0; row < batch.Rows; row++)
            batch.RowIds[row] = row;
        return batch;
    }

    /// <summary>Some shards of ragged rows, now and then an empty one; the rows of all of them are different lanes, in a random order.</summary>
    public static SequenceBatch[] Shards(NetworkOptions options, int count, Random random)
    {
        var known = random.Next(2) == 0;
        var shards = Enumerable.Range(0, count).Select(shard => Shard(options, Lengths(random, shard > 0 && random.Next(4) == 0 ? 0 : 1 + random.Next(4)), random, known)).ToArray();
        var lanes = Enumerable.Range(0, shards.Sum(shard => shard.Rows)).ToArray();
        random.Shuffle(lanes);
        var next = 0;
        foreach (var shard in shards)
            foreach (ref var lane in shard.RowIds)
                lane = lanes[next++];
        return shards;
    }

    public static void Fill(Span<float> values, Random random)
    {
        foreach (ref var value in values)
            value = (float)(2 * random.NextDouble() - 1);
    }

    /// <summary>Tokens of 1 to 5 characters.</summary>
    private static void FillCharacters(SequenceBatch batch, int vocabulary, Random random)
    {
        batch.CharacterSequences.Reset([.. Enumerable.Range(0, batch.Steps).Select(_ => 1 + random.Next(5))], 1, 0, TargetKind.None);
        foreach (ref var character in batch.CharacterSequences.Tokens(0))
            character = random.Next(vocabulary);
    }

    private static int[] Lengths(Random random, int rows) => [.. Enumerable.Range(0, rows).Select(_ => 1 + random.Next(7))];

    private static double[] Uniform(Random random, long count, double scale) => [.. Enumerable.Range(0, checked((int)count)).Select(_ => (double)(float)(scale * (2 * random.NextDouble() - 1)))];

    private static T Pick<T>(Random random, T[] values) => values[random.Next(values.Length)];
}
