using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>The reference's and the product's conditional random field against the enumeration of all ways.</summary>
public sealed class ConditionalRandomFieldTests
{
    private const int Classes = 3;

    public static TheoryData<int, string> Sequences => new()
    {
        { 1, "2" }, { 1, "-" }, { 2, "01" }, { 3, "2-0" }, { 4, "----" }, { 5, "10221" }, { 6, "-1--0-" },
    };

    [Theory]
    [MemberData(nameof(Sequences))]
    public void Reference_SmallSequence_AgreesWithTheEnumerationOfAllWays(int length, string targets)
    {
        var chain = Chain.Random(length, new Random(length));
        var known = KnownOf(targets);
        var (crf, ways) = (new Reference.ConditionalRandomField(Classes, new Reference.ParameterSet(chain.Tensors)), Chain.Ways(length));
        var weights = ways.Select(way => Math.Exp(crf.Score(chain.Scores, way))).ToArray();
        var held = weights.Where((_, w) => Chain.GoesThrough(ways[w], known)).ToArray();

        var (loss, delta) = crf.Of(chain.Scores, known);

        Assert.Equal(Math.Log(weights.Sum()) - Math.Log(held.Sum()), loss, 1e-12);
        for (var t = 0; t < length; t++)
        {
            for (var j = 0; j < Classes; j++)
            {
                var all = weights.Where((_, w) => ways[w][t] == j).Sum() / weights.Sum();
                var through = weights.Where((_, w) => ways[w][t] == j && Chain.GoesThrough(ways[w], known)).Sum() / held.Sum();
                Assert.Equal(all, crf.Marginals(chain.Scores, [])[t][j], 1e-12);
                Assert.Equal(all - through, delta[t][j], 1e-12);
            }
        }
        Assert.Equal(ways[Array.IndexOf(weights, weights.Max())], crf.Best(chain.Scores));
    }

    [Theory]
    [MemberData(nameof(Sequences))]
    public void Reference_Gradients_AreTheSlope(int length, string targets)
    {
        var random = new Random(100 + length);
        var chain = Chain.Random(length, random);
        var known = KnownOf(targets);
        var tensors = new Dictionary<string, double[]>(chain.Tensors, StringComparer.Ordinal) { ["scores"] = [.. chain.Scores.SelectMany(step => step)] };
        var parameters = new Reference.ParameterSet(tensors);
        var (_, delta) = new Reference.ConditionalRandomField(Classes, parameters).Of(ScoresOf(tensors), known);
        var gradients = parameters.Gradients;
        gradients["scores"] = [.. delta.SelectMany(step => step)];

        GradientCheck.Agrees(tensors, gradients, () => new Reference.ConditionalRandomField(Classes, new Reference.ParameterSet(tensors)).Of(ScoresOf(tensors), known).Loss, random);
    }

    [Fact]
    public void Best_EqualWays_AreTheFirst()
    {
        using var lattice = new LatticeCase(Chain.Zero(4));
        Assert.Equal([0, 0, 0, 0], lattice.Best());
        var chain = Chain.Zero(3);
        chain.Scores[1][2] = chain.Scores[1][1] = 1;
        chain.Tensors["crf.end_transitions"][1] = chain.Tensors["crf.end_transitions"][2] = 1;
        using var other = new LatticeCase(chain);
        Assert.Equal([0, 1, 1], other.Best());
    }

    [Theory]
    [MemberData(nameof(Sequences))]
    public void Lattice_SmallSequence_AgreesWithTheReference(int length, string targets)
    {
        var chain = Chain.Random(length, new Random(200 + length));
        var known = KnownOf(targets);
        var crf = new Reference.ConditionalRandomField(Classes, new Reference.ParameterSet(chain.Tensors));
        using var lattice = new LatticeCase(chain);
        Assert.Equal(crf.LogSum(chain.Scores, []), lattice.LogSum([]), 1e-12);
        Assert.Equal(crf.LogSum(chain.Scores, known), lattice.LogSum(known), 1e-12);
        Assert.Equal(crf.Best(chain.Scores), lattice.Best());
    }

    [Fact]
    public void LogSum_ForbiddenTransitions_CountNothing()
    {
        var chain = Chain.Random(5, new Random(9));
        // How pytorch-crf's users forbid what may not follow.
        chain.Tensors["crf.transitions"][1] = chain.Tensors["crf.transitions"][5] = -10_000;
        var crf = new Reference.ConditionalRandomField(Classes, new Reference.ParameterSet(chain.Tensors));
        using var lattice = new LatticeCase(chain);
        Assert.Equal(crf.LogSum(chain.Scores, []), lattice.LogSum([]), 1e-12);
        Assert.Equal(crf.Best(chain.Scores), lattice.Best());
    }

    [Fact]
    public void LogSum_LargeScores_StaysFinite()
    {
        var chain = Chain.Random(6, new Random(10));
        foreach (var step in chain.Scores)
            for (var j = 0; j < step.Length; j++)
                step[j] = (float)(5000 * step[j]);
        var crf = new Reference.ConditionalRandomField(Classes, new Reference.ParameterSet(chain.Tensors));
        using var lattice = new LatticeCase(chain);
        Assert.Equal(crf.LogSum(chain.Scores, []), lattice.LogSum([]), 1e-8);
    }

    private static int[] KnownOf(string targets) => [.. targets.Select(target => target == '-' ? -1 : target - '0')];

    private static double[][] ScoresOf(Dictionary<string, double[]> tensors) => [.. tensors["scores"].Chunk(Classes)];

    /// <summary>Scores and transitions of one sequence, exactly floats.</summary>
    private sealed record Chain(Dictionary<string, double[]> Tensors, double[][] Scores)
    {
        public static Chain Random(int length, Random random) => Of(length, () => (float)(3 * random.NextDouble() - 1.5));

        public static Chain Zero(int length) => Of(length, () => 0);

        public static int[][] Ways(int length) =>
            [.. Enumerable.Range(0, (int)Math.Pow(Classes, length)).Select(number => Enumerable.Range(0, length).Select(t => number / (int)Math.Pow(Classes, length - 1 - t) % Classes).ToArray())];

        public static bool GoesThrough(int[] way, int[] known) => way.Zip(known).All(pair => pair.Second < 0 || pair.First == pair.Second);

        private static Chain Of(int length, Func<double> draw)
        {
            double[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => draw())];
            return new Chain(
                new Dictionary<string, double[]>(StringComparer.Ordinal) { ["crf.start_transitions"] = Draw(Classes), ["crf.end_transitions"] = Draw(Classes), ["crf.transitions"] = Draw(Classes * Classes) },
                [.. Enumerable.Range(0, length).Select(_ => Draw(Classes))]);
        }
    }

    /// <summary>The product's lattice over one chain: an output layer without inputs whose outputs are the scores.</summary>
    private sealed unsafe class LatticeCase : IDisposable
    {
        private readonly ComputeTeam _team = new(1);
        private readonly PackedBatch _batch = new();
        private readonly FloatBuffer _parameters;
        private readonly FloatBuffer _pairs;
        private readonly OutputLayer _layer;
        private readonly CrfTransitions _transitions;
        private readonly CrfLattice _lattice;
        private readonly int _length;

        public LatticeCase(Chain chain)
        {
            _length = chain.Scores.Length;
            var builder = new ParameterTable.Builder();
            var panels = new PanelShape(1, Classes);
            var weight = builder.AddWeight("output.weight", panels, 1);
            var tensors = CrfTensors.Add(builder, Classes);
            var table = builder.Build();
            _parameters = new FloatBuffer(table.Count);
            foreach (var tensor in table.Tensors.Where(tensor => chain.Tensors.ContainsKey(tensor.Name)))
                ParameterTable.Import(tensor, [.. chain.Tensors[tensor.Name].Select(value => (float)value)], _parameters);
            var shard = new SequenceBatch();
            shard.Reset([_length], 0, 1, TargetKind.None);
            _batch.Build([shard], 0, carried: false);
            _layer = new OutputLayer(_team, MatrixKernels.Create(SimdWidths.Current), new OutputLayerForm(weight, null, panels, 1, 1, 0));
            _layer.Prepare(_length);
            for (var t = 0; t < _length; t++)
                for (var j = 0; j < Classes; j++)
                    _layer.Outputs.At(0, t)[j] = (float)chain.Scores[t][j];
            _transitions = new CrfTransitions(tensors);
            _transitions.Rebuild(_parameters);
            _pairs = new FloatBuffer(4L * _transitions.Stride * _length);
            _lattice = new CrfLattice(_transitions, _batch);
            _lattice.Prepare();
            _lattice.Load(_layer, 0);
        }

        public double LogSum(int[] known) => _lattice.LogSum(known, new CrfPairs((nint)_pairs.Pointer, (nint)(_pairs.Pointer + 2L * _transitions.Stride * _length), _transitions.Stride));

        public int[] Best()
        {
            var classes = new int[_length];
            _lattice.Best(classes);
            return classes;
        }

        public void Dispose()
        {
            foreach (var part in (IDisposable[])[_lattice, _transitions, _layer, _pairs, _parameters, _batch, _team])
                part.Dispose();
        }
    }
}
