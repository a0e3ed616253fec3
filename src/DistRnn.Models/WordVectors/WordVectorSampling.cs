using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>Where a group's shared negative words come from.</summary>
internal interface IWordVectorNegatives
{
    /// <summary>Words a group draws.</summary>
    int Shared { get; }

    /// <summary>What each of them counts for a pair.</summary>
    float Weight { get; }

    /// <summary>Whether a word that is a pair's own centre word counts for that pair.</summary>
    bool CountsCentre { get; }

    /// <summary>Draws a group's words.</summary>
    /// <param name="key">The seed and the step; null at evaluation.</param>
    /// <param name="shard">The shard's number in the batch.</param>
    /// <param name="group">The group's number in the shard.</param>
    /// <param name="rowId">The identity of the group's first row.</param>
    /// <param name="words">Where to, [Shared].</param>
    void Fill(StepKey? key, int shard, int group, long rowId, Span<int> words);
}

/// <summary>
/// Draws from the unigram distribution at (shard, group, place) of (seed, <see cref="PhiloxPurpose.NegativeSampling"/>, step). At evaluation, which belongs
/// to no step, at (identity of the group's first row, place) of the seed 0.
/// </summary>
/// <remarks>As many words are drawn as fill the columns that <see cref="WordVectorGroups.CentresMax"/> centre words leave, and at least K.</remarks>
internal sealed class WordVectorSampling : IWordVectorNegatives
{
    private readonly UnigramSampler _sampler;

    public WordVectorSampling(WordVectorOptions options)
    {
        _sampler = new UnigramSampler(options.Counts);
        var columns = (WordVectorGroups.CentresMax + options.Negatives + WordVectorGroups.ColumnsStep - 1) / WordVectorGroups.ColumnsStep * WordVectorGroups.ColumnsStep;
        Shared = columns - WordVectorGroups.CentresMax;
        Weight = (float)((double)options.Negatives / Shared);
    }

    public int Shared { get; }

    public float Weight { get; }

    public bool CountsCentre => false;

    public void Fill(StepKey? key, int shard, int group, long rowId, Span<int> words)
    {
        var chance = key is { } step
            ? new Philox(step.Seed, PhiloxPurpose.NegativeSampling, (ulong)step.Step)
            : new Philox(0, PhiloxPurpose.NegativeSampling, ulong.MaxValue);
        var first = key is null ? (ulong)rowId << 10 : (ulong)shard << 40 | (ulong)group << 10;
        for (var i = 0; i < words.Length; i++)
            words[i] = _sampler.Draw(chance, first + (ulong)i);
    }
}
