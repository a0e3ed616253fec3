using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>The squared norm of a gradient by the threads of a team: blocks are divided among threads, their sums added by the fixed tree.</summary>
internal sealed class GradientNorm
{
    private readonly ComputeTeam _team;
    private readonly double[] _blocks;
    private readonly Action<int> _compute;
    private FloatBuffer? _values;

    /// <summary>Makes room for the blocks of a table.</summary>
    /// <param name="table">The layout.</param>
    /// <param name="team">The threads; stay the caller's.</param>
    public GradientNorm(ParameterTable table, ComputeTeam team)
    {
        _team = team;
        _blocks = new double[table.Blocks];
        _compute = ComputePart;
    }

    /// <summary>The sum of the squares of all values.</summary>
    /// <param name="values">A flat vector of the table.</param>
    public double SquaredNormOf(FloatBuffer values)
    {
        _values = values;
        _team.Run(_compute);
        return Reductions.SumOfBlocks(_blocks);
    }

    private unsafe void ComputePart(int thread)
    {
        var (first, last) = _team.PartOf(thread, _blocks.Length);
        if (first < last)
            Reductions.SquaredNormsOfBlocks(_values!.Pointer, _values.Count, first, _blocks.AsSpan(first, last - first));
    }
}
