using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>Networks, parameters and shards drawn from a seed.</summary>
internal static class RandomNetwork
{
    /// <summary>Tensors of a table in PyTorch's layout; exactly floats, so that both paths begin with the same numbers.</summary>
    public static Dictionary<string, double[]> Tensors(ParameterTable table, Random random, double scale = 0.7) =>
        table.Tensors.ToDictionary(tensor => tensor.Name, tensor => Enumerable.Range(0, checked((int)tensor.Count)).Select(_ => (double)(float)(scale * (2 * random.NextDouble() - 1))).ToArray(), StringComparer.Ordinal);

    /// <summary>A shard of rows of given lengths; about every sixth class is absent, but not the first.</summary>
    public static SequenceBatch Shard(NetworkOptions options, int[] lengths, Random random, bool targets = true, bool known = true)
    {
        var batch = new SequenceBatch();
        var kind = !targets ? TargetKind.None : options.Head switch
        {
            HeadKind.ClassPerStep => TargetKind.ClassPerStep,
            HeadKind.ClassPerSequence => TargetKind.ClassPerSequence,
            _ => TargetKind.ValuesPerSequence,
        };
        var values = kind == TargetKind.ValuesPerSequence;
        batch.Reset(lengths, options.Vocabularies.Length, options.ValueSize, kind, values ? options.Outputs : 0, values && known);
        for (var column = 0; column < options.Vocabularies.Length; column++)
            foreach (ref var token in batch.Tokens(column))
                token = random.Next(options.Vocabularies[column]);
        Fill(batch.Values, random);
        Fill(batch.TargetValues, random);
        Fill(batch.BaseValues, random);
        for (var i = 0; i < batch.Targets.Length; i++)
            batch.Targets[i] = i > 0 && random.Next(6) == 0 ? -1 : random.Next(options.Outputs);
        for (var row = 0; row < batch.Rows; row++)
            batch.RowIds[row] = row;
        return batch;
    }

    private static void Fill(Span<float> values, Random random)
    {
        foreach (ref var value in values)
            value = (float)(2 * random.NextDouble() - 1);
    }
}
