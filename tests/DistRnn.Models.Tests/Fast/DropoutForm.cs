namespace DistRnn.Models.Tests;

/// <summary>The dropout of the fast path, asked factor by factor, for the reference.</summary>
internal static class DropoutForm
{
    private const uint SecondDirection = 0x8000_0000;

    public static Reference.ReferenceMasks Of(NetworkOptions options, StepKey key, int shard)
    {
        var (dropout, top) = (options.Dropout, options.Hidden[^1]);
        return new Reference.ReferenceMasks
        {
            Embedding = (row, step, unit) => Factor(DropoutMasks.EmbeddingTag, dropout.Embedding, row, step, unit),
            Layer = (layer, row, step, unit) => Segmented(DropoutMasks.LayerTag(layer + 1), dropout.Layers, row, step, unit, options.Hidden[layer]),
            Output = options.Head is HeadKind.ClassPerStep or HeadKind.Crf
                ? (row, step, unit) => Segmented(DropoutMasks.OutputTag, dropout.Output, row, step, unit, top)
                : (row, step, unit) => Factor(DropoutMasks.OutputTag, dropout.Output, row, step, unit),
            Recurrent = (layer, direction, row, unit) => Factor(DropoutMasks.RecurrentTag(layer) | (direction == 0 ? 0 : SecondDirection), dropout.Recurrent, row, 0, unit),
            Word = (row, step) => DropoutMasks.DropsWord(key, DropoutMasks.RowKey(step, shard, row), dropout.Words),
        };

        // The units of the backward direction count from 0 again, under a tag of their own.
        double Segmented(uint tag, float rate, int row, int step, int unit, int units) =>
            Factor(unit < units ? tag : tag | SecondDirection, rate, row, step, unit % units);

        unsafe double Factor(uint tag, float rate, int row, int step, int unit)
        {
            var factors = stackalloc float[unit + 1];
            new Span<float>(factors, unit + 1).Fill(1);
            DropoutMasks.Apply(key, DropoutMasks.RowKey(step, shard, row), tag, rate, factors, unit + 1);
            return factors[unit];
        }
    }
}
