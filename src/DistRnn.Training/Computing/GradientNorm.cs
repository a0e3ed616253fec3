using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// The squared norm of a gradient by the threads of a team: blocks are divided among threads, their sums added by the fixed tree. Of sparse tensors only
/// the touched rows are read: all else is +0, whose square adds nothing.
/// </summary>
internal sealed class GradientNorm
{
    private readonly ParameterTable _table;
    private readonly ComputeTeam _team;
    private readonly double[] _blocks;
    private readonly Action<int> _compute;
    private Gradient? _gradient;

    /// <summary>Makes room for the blocks of a table.</summary>
    /// <param name="table">The layout.</param>
    /// <param name="team">The threads; stay the caller's.</param>
    public GradientNorm(ParameterTable table, ComputeTeam team)
    {
        (_table, _team) = (table, team);
        _blocks = new double[table.Blocks];
        _compute = ComputePart;
    }

    /// <summary>The sum of the squares of all values: the bits of <see cref="Reductions.SquaredNorm(FloatBuffer)"/>.</summary>
    /// <param name="gradient">A gradient of the table.</param>
    public double SquaredNormOf(Gradient gradient)
    {
        _gradient = gradient;
        _team.Run(_compute);
        return Reductions.SumOfBlocks(_blocks);
    }

    private unsafe void ComputePart(int thread)
    {
        var (first, last) = _team.PartOf(thread, _blocks.Length);
        if (first >= last)
            return;
        Array.Clear(_blocks, first, last - first);
        var from = (long)first * ParameterTable.BlockCount;
        var to = Math.Min((long)last * ParameterTable.BlockCount, _table.Count);
        var partials = stackalloc double[Reductions.Partials];
        var sums = new BlockSums(_gradient!.Values.Pointer, _blocks, partials);
        for (var i = 0; i < _table.Tensors.Length; i++)
        {
            var tensor = _table.Tensors[i];
            var (start, end) = (Math.Max(tensor.Offset, from), Math.Min(tensor.Offset + tensor.Count, to));
            if (start >= end)
                continue;
            if (!tensor.SparseRows)
            {
                sums.Add(start, end);
                continue;
            }
            var rows = _gradient.TouchedSpan(i);
            var place = rows.BinarySearch((int)((start - tensor.Offset) / tensor.RowSize));
            for (place = place < 0 ? ~place : place; place < rows.Length; place++)
            {
                var row = tensor.Offset + (long)rows[place] * tensor.RowSize;
                if (row >= end)
                    break;
                sums.Add(Math.Max(row, start), Math.Min(row + tensor.RowSize, end));
            }
        }
        sums.Flush();
    }

    /// <summary>Adds ranges, ascending, to the sums of the blocks they lie in. A group of 16 floats that two ranges share is added once.</summary>
    private unsafe ref struct BlockSums(float* values, double[] blocks, double* partials)
    {
        private long _block = -1;
        private long _next;

        public void Add(long start, long end)
        {
            const int Group = Reductions.Partials;
            var to = (end + Group - 1) / Group * Group;
            for (var at = Math.Max(start / Group * Group, _next); at < to;)
            {
                var block = at / ParameterTable.BlockCount;
                if (block != _block)
                {
                    Flush();
                    _block = block;
                    new Span<double>(partials, Group).Clear();
                }
                var stop = Math.Min(to, (block + 1) * ParameterTable.BlockCount);
                Reductions.AddSquares(values + at, (stop - at) / Group, partials);
                at = stop;
            }
            _next = to;
        }

        public readonly void Flush()
        {
            if (_block >= 0)
                blocks[_block] = Reductions.SumOfPartials(partials);
        }
    }
}
