using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// How far an error reaches back: the norm of dE/dz_t, where E is what a sequence's last step alone has lost and z_t is the state t steps into it.
/// A gradient that vanishes on its way back is why a plain network forgets, and why the LSTM was made.
/// </summary>
/// <remarks>
/// z_t is what a cell shows: z of the plain network, h of LSTM and GRU. dE/dz_t is total: whatever z_t reaches in later steps counts. Thread-safe, except that
/// targets before the last step are taken out of the shards.
/// </remarks>
public static unsafe class GradientFlow
{
    /// <summary>Measures a network of one layer in one direction.</summary>
    /// <param name="network">The network; its head reads every step, or the last one.</param>
    /// <param name="parameters">The flat vector, <see cref="ParameterTable.Count"/> floats.</param>
    /// <param name="shards">Sequences; classes of steps that are not a sequence's last become -1.</param>
    /// <returns>
    /// Element k is the norm k steps before the last one, 0 at the last one itself, as the mean over those sequences that have such a step and a target; as many
    /// elements as the longest such sequence has steps, none where no sequence has a target at its last step.
    /// </returns>
    /// <exception cref="ArgumentException">The network has several layers or directions, or pools other than the last state.</exception>
    public static double[] Measure(Network network, FloatBuffer parameters, ReadOnlySpan<SequenceBatch> shards)
    {
        Check(network);
        LeaveLastTargets(network, shards);
        using var team = new ComputeTeam(1);
        using var computer = new NetworkComputer(network, team);
        using var gradient = new Gradient(network.Parameters);
        computer.SetParameters(parameters);
        computer.ComputeGradient(default, 0, shards, null, null, gradient, new ShardResult[shards.Length]);
        var flow = new FlowMean();
        var state = new float[network.TopSize];
        var sequence = 0;
        foreach (var shard in shards)
        {
            for (var row = 0; row < shard.Rows; row++, sequence++)
            {
                if (!HasTarget(shard, row))
                    continue;
                for (var back = 0; back < shard.LengthOf(row); back++)
                {
                    computer.CopyStateGradient(shard.LengthOf(row) - 1 - back, sequence, state);
                    flow.Add(back, NormOf(state));
                }
            }
        }
        return flow.ToArray();
    }

    /// <summary>
    /// Measures the constant error carousel alone, c_t = c_(t-1) + W_in x_t + b with y = W_out c_T + c of the last one: a unit that adds to itself and
    /// nothing else, with the weights of a plain recurrent network but without its W and its f. In float64.
    /// </summary>
    /// <param name="network">A plain recurrent network of one layer in one direction; its head reads every step, or the last one.</param>
    /// <param name="parameters">The flat vector, <see cref="ParameterTable.Count"/> floats.</param>
    /// <param name="shards">Sequences; classes of steps that are not a sequence's last become -1.</param>
    /// <returns>As <see cref="Measure"/> has it.</returns>
    /// <exception cref="ArgumentException">The network is not such a one.</exception>
    public static double[] MeasureCarousel(Network network, FloatBuffer parameters, ReadOnlySpan<SequenceBatch> shards)
    {
        Check(network);
        LeaveLastTargets(network, shards);
        var carousel = new ConstantErrorCarousel(network, parameters);
        var flow = new FlowMean();
        foreach (var shard in shards)
        {
            for (var row = 0; row < shard.Rows; row++)
            {
                if (!HasTarget(shard, row))
                    continue;
                var norms = carousel.Norms(shard, row);
                for (var back = 0; back < norms.Length; back++)
                    flow.Add(back, norms[back]);
            }
        }
        return flow.ToArray();
    }

    /// <summary>The Euclidean norm, in float64.</summary>
    internal static double NormOf(ReadOnlySpan<float> values)
    {
        var sum = 0.0;
        foreach (var value in values)
            sum += (double)value * value;
        return Math.Sqrt(sum);
    }

    private static void Check(Network network)
    {
        ArgumentNullException.ThrowIfNull(network);
        var options = network.Options;
        if (options.Hidden.Length != 1 || options.Bidirectional)
            throw new ArgumentException($"The network has {options.Hidden.Length} layers and {options.Directions} directions; a gradient's way back is measured in one of each.", nameof(network));
        if (options.Head != HeadKind.ClassPerStep && options.Pooling != Pooling.Last)
            throw new ArgumentException($"The network pools {options.Pooling}; the error has to come from the last state alone.", nameof(network));
    }

    private static void LeaveLastTargets(Network network, ReadOnlySpan<SequenceBatch> shards)
    {
        foreach (var shard in shards)
        {
            for (var row = 0; network.Options.Head == HeadKind.ClassPerStep && row < shard.Rows; row++)
                shard.Targets.Slice(shard.Offsets[row], shard.LengthOf(row) - 1).Fill(-1);
        }
    }

    private static bool HasTarget(SequenceBatch shard, int row) => shard.TargetKind switch
    {
        TargetKind.ClassPerStep => shard.Targets[shard.Offsets[row + 1] - 1] >= 0,
        TargetKind.ClassPerSequence => shard.Targets[row] >= 0,
        TargetKind.ValuesPerSequence => true,
        _ => false,
    };

    /// <summary>Means of norms by how many steps they lie before the last one.</summary>
    private sealed class FlowMean
    {
        private readonly List<(double Sum, long Count)> _sums = [];

        public void Add(int back, double norm)
        {
            if (back == _sums.Count)
                _sums.Add(default);
            _sums[back] = (_sums[back].Sum + norm, _sums[back].Count + 1);
        }

        public double[] ToArray() => [.. _sums.Select(sum => sum.Sum / sum.Count)];
    }
}
