using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// dE/dW of a weight that the output layer and the embedding share, [V, E]. An element's chain in a shard runs over the shard's (t, plan row) twice: first
/// the softmax's products, then, for the steps that read this token, what goes back to their inputs. Chains are added up by the gradient tree as all others.
/// </summary>
/// <remarks>
/// A step's input is a product too: of what goes back to it with a row that is 1 at its token. A panel's 64 such rows stand behind its rows of outputs, and each
/// panel's chains go on only over the steps that read one of its tokens, so the embedding costs no more than those few products.
/// </remarks>
internal sealed unsafe class TiedGradient : IDisposable
{
    private readonly ComputeTeam _team;
    private readonly MatrixKernels _kernels;
    private readonly TensorInfo _weight;
    private readonly Scratch[] _scratch;
    private readonly IntScratch[] _lists;
    private readonly IntScratch _entries = new();
    private readonly IntScratch _tokens = new();
    private readonly int[] _panelStarts;

    /// <summary>Makes the gradient of one weight.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="kernels">The matrix kernels.</param>
    /// <param name="weight">W, [V, E] in panels of one gate.</param>
    public TiedGradient(ComputeTeam team, MatrixKernels kernels, TensorInfo weight)
    {
        (_team, _kernels, _weight) = (team, kernels, weight);
        _scratch = [.. Enumerable.Range(0, team.Threads).Select(_ => new Scratch())];
        _lists = [.. Enumerable.Range(0, team.Threads).Select(_ => new IntScratch())];
        _panelStarts = new int[weight.Panels.PanelCount + 2];
    }

    /// <summary>Bytes held.</summary>
    public long Bytes => _scratch.Sum(scratch => scratch.Bytes);

    private int Inputs => _weight.Shape[1];

    /// <summary>Takes the tokens of a batch and sorts its steps by the panels of their tokens; one thread.</summary>
    /// <param name="batch">How rows lie.</param>
    /// <param name="tokens">The token of each packed row, [N].</param>
    public void Collect(PackedBatch batch, int* tokens)
    {
        var count = batch.PackedRows;
        var entries = _entries.Ensure(count);
        var sorted = _tokens.Ensure(count);
        Array.Clear(_panelStarts);
        for (var i = 0; i < count; i++)
        {
            sorted[i] = tokens[batch.Rows[i]];
            _panelStarts[sorted[i] / PanelShape.MaxColumns + 2]++;
        }
        for (var panel = 2; panel < _panelStarts.Length; panel++)
            _panelStarts[panel] += _panelStarts[panel - 1];
        for (var i = 0; i < count; i++)
            entries[_panelStarts[sorted[i] / PanelShape.MaxColumns + 1]++] = i;
        foreach (var scratch in _scratch)
            scratch.Ensure(WeightGradient.ScratchFloats(2 * count));
        foreach (var list in _lists)
            list.Ensure(4L * count + batch.Shards + 1);
    }

    /// <summary>Writes this thread's share of the gradient; to be called by every thread at once, and begins with a barrier.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="batch">How rows lie.</param>
    /// <param name="x">What the output layer read, by packed row.</param>
    /// <param name="inputGradients">What goes back to the embedding, by packed row.</param>
    /// <param name="outputs">The gradients of the output layer's sums, with room for 64 rows behind the packed ones.</param>
    /// <param name="gradient">The flat gradient.</param>
    public void Sum(int thread, PackedBatch batch, in LeftOperand x, RowBlock inputGradients, PanelBuffer outputs, float* gradient)
    {
        for (var panel = thread; panel < _weight.Panels.PanelCount; panel += _team.Threads)
            WriteTokenRows(batch, outputs, panel);
        _team.Barrier();
        var (start, end) = _team.PartOf(thread, checked(_weight.Panels.PanelCount * Inputs));
        (start, end) = (WeightGradient.WholeGroups(start, Inputs), WeightGradient.WholeGroups(end, Inputs));
        if (start >= end)
            return;
        var count = batch.PackedRows;
        var packed = _scratch[thread].Pointer + MatrixKernels.ScratchFloats;
        var back = new LeftOperand(inputGradients.At(0), inputGradients.Stride);
        var block = WeightGradient.BlockOf(_kernels, Inputs, 2 * count);
        for (var first = 0; first < Inputs; first += block)
        {
            var width = Math.Min(block, Inputs - first);
            WeightGradient.Pack(x, batch.Rows, count, first, width, packed, 0, 2 * count);
            WeightGradient.Pack(back, batch.Rows, count, first, width, packed, count, 2 * count);
            for (var panel = start / Inputs; panel <= (end - 1) / Inputs; panel++)
            {
                var (from, to) = (Math.Max(first, start - panel * Inputs), Math.Min(first + width, end - panel * Inputs));
                if (from >= to)
                    continue;
                var columns = _weight.Panels.ColumnsOf(panel);
                _kernels.SumOuterProducts(
                    packed + (nint)(from - first) * 2 * count, MatrixKernels.GroupInputs, (nint)MatrixKernels.GroupInputs * 2 * count, to - from, outputs.At(panel, 0), outputs.Stride,
                    columns, RowsOf(thread, panel, batch), gradient + _weight.Offset + _weight.Panels.OffsetOf(panel, Inputs) + (nint)from * columns, columns, false,
                    _scratch[thread].Pointer);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var scratch in _scratch)
            scratch.Dispose();
        foreach (var list in _lists)
            list.Dispose();
        _entries.Dispose();
        _tokens.Dispose();
    }

    /// <summary>The rows that are 1 at a token, for those tokens of a panel that occur.</summary>
    private void WriteTokenRows(PackedBatch batch, PanelBuffer outputs, int panel)
    {
        for (var at = _panelStarts[panel]; at < _panelStarts[panel + 1]; at++)
        {
            var column = _tokens.Pointer[_entries.Pointer[at]] % PanelShape.MaxColumns;
            var row = outputs.At(panel, batch.PackedRows + column);
            new Span<float>(row, PanelShape.MaxColumns).Clear();
            row[column] = 1;
        }
    }

    /// <summary>A panel's pairs, shard by shard: all the softmax's rows, then the steps that read one of the panel's tokens.</summary>
    private ShardRows RowsOf(int thread, int panel, PackedBatch batch)
    {
        var count = batch.PackedRows;
        int* left = _lists[thread].Pointer, right = left + 2 * count, offsets = right + 2 * count;
        int next = 0, at = _panelStarts[panel];
        for (var shard = 0; shard < batch.Shards; shard++)
        {
            offsets[shard] = next;
            var (first, end) = (batch.RowOffsets[shard], batch.RowOffsets[shard + 1]);
            for (var i = first; i < end; i++, next++)
                (left[next], right[next]) = (i, batch.Rows[i]);
            for (; at < _panelStarts[panel + 1] && _entries.Pointer[at] < end; at++, next++)
                (left[next], right[next]) = (count + _entries.Pointer[at], count + _tokens.Pointer[_entries.Pointer[at]] % PanelShape.MaxColumns);
        }
        offsets[batch.Shards] = next;
        return new ShardRows(left, right, offsets, batch.EveryRow.Present, batch.Shards);
    }
}
