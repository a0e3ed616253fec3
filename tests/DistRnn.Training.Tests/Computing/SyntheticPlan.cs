using DistRnn.Data;
using DistRnn.Numerics;

namespace DistRnn.Training.Tests;

/// <summary>A small plan without files: ragged classified sequences, or lanes of a stream, all from Philox.</summary>
internal sealed class SyntheticPlan(int rows, int shards, int vocabulary, int classes, bool stream, float scale = 0) : ITrainingPlan
{
    public int Shards => shards;

    public int Lanes => stream ? rows : 0;

    public long StepsIn(int epoch) => 5;

    public void Fill(int epoch, long step, int shard, SequenceBatch batch)
    {
        var (first, last) = (shard * rows / shards, (shard + 1) * rows / shards);
        var chance = new Philox(7, PhiloxPurpose.Shuffle, (ulong)(epoch * 1000 + step));
        var shapes = new Philox(8, PhiloxPurpose.Shuffle, (ulong)step);
        var lengths = new int[last - first];
        for (var row = 0; row < lengths.Length; row++)
            lengths[row] = stream ? 6 : 1 + shapes.Below((ulong)(first + row), 9);
        batch.Reset(lengths, 1, scale == 0 ? 0 : 1, stream ? TargetKind.ClassPerStep : TargetKind.ClassPerSequence);
        for (var row = 0; row < lengths.Length; row++)
        {
            batch.RowIds[row] = first + row;
            for (var t = 0; t < lengths[row]; t++)
            {
                var at = batch.Offsets[row] + t;
                var position = (ulong)((first + row) * 100 + t + 1000);
                batch.Tokens(0)[at] = chance.Below(position, vocabulary);
                if (stream)
                    batch.Targets[at] = chance.Below(position + 50, classes);
                if (scale != 0)
                    batch.Values[at] = scale * chance.Uniform(position);
            }
            if (!stream)
                batch.Targets[row] = (batch.Tokens(0)[batch.Offsets[row]] + lengths[row]) % classes;
        }
    }
}
