using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>Beam search against all there is: networks so small that every target can be tried by teacher forcing.</summary>
public sealed class SequenceSearchTests
{
    private const int Start = 0;
    private const int End = 2;

    public static TheoryData<AttentionKind, CellKind, bool> Kinds =>
        [.. from attention in Enum.GetValues<AttentionKind>() from cell in Enum.GetValues<CellKind>() from both in new[] { false, true } select (attention, cell, both)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Search_BeamThatHoldsEverything_FindsTheBestOfAll(AttentionKind attention, CellKind cell, bool both)
    {
        using var rig = new Rig(attention, cell, both);
        var options = new SearchOptions { Beam = 100, MaxLength = 4, StartToken = Start, EndToken = End };

        var found = rig.Search(options);

        for (var source = 0; source < rig.Sources.Length; source++)
        {
            var all = Targets(4).Select(target => (Target: target, LogProbability: rig.LogProbabilityOf(source, target)))
                .OrderByDescending(pair => pair.LogProbability / pair.Target.Length).ToArray();
            Assert.Equal(all.Length, found[source].Length);
            Assert.Equal(all[0].Target.Where(token => token != End), found[source][0].Tokens);
            Assert.All(found[source].Zip(all), pair => Assert.InRange(pair.First.Score - pair.Second.LogProbability / pair.Second.Target.Length, -1e-4, 1e-4));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Search_BeamOfOne_TakesTheMostProbableTokenOfEveryStep(AttentionKind attention, CellKind cell, bool both)
    {
        using var rig = new Rig(attention, cell, both);

        var found = rig.Search(new SearchOptions { MaxLength = 6, StartToken = Start, EndToken = null });

        for (var source = 0; source < rig.Sources.Length; source++)
        {
            var hypothesis = Assert.Single(found[source]);
            Assert.Equal(6, hypothesis.Tokens.Length);
            Assert.Equal(hypothesis.Tokens, rig.Predict(source, [.. hypothesis.Tokens]).Classes.ToArray());
            Assert.InRange(hypothesis.LogProbability + rig.Predict(source, [.. hypothesis.Tokens]).Losses.ToArray().Sum(), -1e-4, 1e-4);
        }
    }

    [Fact]
    public void Search_OneSourceAloneOrWithOthers_SameBits()
    {
        using var rig = new Rig(AttentionKind.Additive, CellKind.Lstm, true);
        var options = new SearchOptions { Beam = 3, MaxLength = 7, StartToken = Start, EndToken = End, WantsAttention = true };

        var together = rig.Search(options);

        for (var source = 0; source < rig.Sources.Length; source++)
        {
            var alone = rig.Search(options, source)[0];
            Assert.Equal(together[source].Select(h => (h.LogProbability, string.Join(' ', h.Tokens))), alone.Select(h => (h.LogProbability, string.Join(' ', h.Tokens))));
            Assert.All(together[source].Zip(alone), pair => Assert.Equal(pair.First.Attention.SelectMany(w => w), pair.Second.Attention.SelectMany(w => w)));
            Assert.All(together[source][0].Attention, weights => Assert.Equal(rig.Sources[source].Length, weights.Length));
            Assert.All(together[source][0].Attention, weights => Assert.InRange(weights.Sum(), 1 - 1e-5, 1 + 1e-5));
        }
    }

    private static IEnumerable<int[]> Targets(int longest)
    {
        IEnumerable<int[]> open = [[]];
        for (var length = 1; length <= longest; length++)
        {
            foreach (var target in open)
                yield return [.. target, End];
            open = [.. open.SelectMany(target => new[] { 0, 1, 3 }, (target, token) => (int[])[.. target, token])];
        }
        foreach (var target in open)
            yield return target;
    }

    private sealed class Rig : IDisposable
    {
        private readonly ComputeTeam _team = new(2);
        private readonly EncoderDecoder _network;
        private readonly EncoderDecoderComputer _computer;
        private readonly FloatBuffer _parameters;

        public Rig(AttentionKind attention, CellKind cell, bool both)
        {
            _network = new EncoderDecoder(new EncoderDecoderOptions
            {
                SourceVocabulary = 5,
                TargetVocabulary = 4,
                Embedding = 6,
                Cell = cell,
                Hidden = [7, 5],
                Bidirectional = both,
                Attention = attention,
                Peek = both,
            });
            _parameters = new FloatBuffer(_network.Parameters.Count);
            ReferenceForm.Import(_network.Parameters, RandomNetwork.Tensors(_network.Parameters, new Random(3)), _parameters);
            _computer = new EncoderDecoderComputer(_network, _team);
            _computer.SetParameters(_parameters);
        }

        public int[][] Sources { get; } = [[1, 2, 3], [4], [0, 0, 4, 2, 1], [3, 1]];

        public ImmutableArray<ImmutableArray<Hypothesis>> Search(SearchOptions options, int? only = null)
        {
            int[][] sources = only is { } source ? [Sources[source]] : Sources;
            var batch = new SequenceBatch();
            batch.Reset([.. sources.Select(tokens => tokens.Length)], 1, 0, TargetKind.None);
            sources.SelectMany(tokens => tokens).ToArray().CopyTo(batch.Tokens(0));
            return new SequenceSearch(_network, _computer).Search(batch, options);
        }

        public Predictions Predict(int source, int[] target)
        {
            var batch = new SequenceBatch();
            batch.Reset([Sources[source].Length], 1, 0, TargetKind.SequencePerSequence);
            Sources[source].CopyTo(batch.Tokens(0));
            batch.TargetSequences.Reset([target.Length], 1, 0, TargetKind.ClassPerStep);
            ((int[])[Start, .. target[..^1]]).CopyTo(batch.TargetSequences.Tokens(0));
            target.CopyTo(batch.TargetSequences.Targets);
            var predictions = new Predictions();
            _computer.Predict(batch, null, null, predictions);
            return predictions;
        }

        public double LogProbabilityOf(int source, int[] target) => -Predict(source, target).Losses.ToArray().Sum();

        public void Dispose()
        {
            _computer.Dispose();
            _parameters.Dispose();
            _team.Dispose();
        }
    }
}
