using System.Runtime.Intrinsics;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// The gradient of a linear chain's transitions: how often two classes follow one another according to the model, less how often in truth. For every
/// shard a float64 chain from +0 over its steps in (t, plan row) order, rounded to float32; then the gradient tree over the shards.
/// </summary>
/// <remarks>
/// Beginning and ending are sums of the first and last steps' gradients over the shard's sequences, in plan order. A thread owns rows of the transitions, so
/// that threads share nothing. <see cref="Sum"/> is called by every thread of the team at once.
/// </remarks>
internal sealed unsafe class CrfGradient(CrfTensors tensors, CrfTransitions transitions, PackedBatch batch, OutputLayer layer, ComputeTeam team) : IDisposable
{
    private readonly Scratch[] _scratch = [.. Enumerable.Range(0, team.Threads).Select(_ => new Scratch())];
    private readonly int _classes = transitions.Classes;
    private readonly int _stride = transitions.Stride;
    private CrfPairs _free;
    private CrfPairs _held;

    /// <summary>Bytes held.</summary>
    public long Bytes => _scratch.Sum(scratch => scratch.Bytes);

    /// <summary>Makes room; one thread.</summary>
    /// <param name="free">The pairs of all ways.</param>
    /// <param name="held">The pairs of the ways through the targets.</param>
    public void Prepare(in CrfPairs free, in CrfPairs held)
    {
        (_free, _held) = (free, held);
        // A row in float64, and a row of floats for every level of the tree.
        foreach (var scratch in _scratch)
            scratch.Ensure((long)_stride * (2 + 33));
    }

    /// <summary>This thread's share.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="gradient">The flat gradient.</param>
    public void Sum(int thread, float* gradient)
    {
        var (start, end) = team.PartOf(thread, _classes + 2);
        var scratch = _scratch[thread].Pointer;
        for (var row = start; row < end; row++)
        {
            var sum = gradient + (row == _classes ? tensors.Start.Offset : row > _classes ? tensors.End.Offset : tensors.Scores.Offset + (long)row * _classes);
            SumNode(row, 0, batch.Shards, sum, (double*)scratch, scratch + 2 * _stride);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var scratch in _scratch)
            scratch.Dispose();
    }

    private bool SumNode(int row, int from, int to, float* sum, double* leaf, float* scratch)
    {
        if (to - from == 1)
        {
            if (batch.FirstSequence[from] == batch.FirstSequence[to])
                return false;
            SumLeaf(row, from, leaf);
            for (var j = 0; j < _classes; j++)
                sum[j] = (float)leaf[j];
            return true;
        }
        var split = ShardTree.SplitOf(from, to);
        if (!SumNode(row, from, split, sum, leaf, scratch))
            return SumNode(row, split, to, sum, leaf, scratch);
        if (SumNode(row, split, to, scratch, leaf, scratch + _stride))
            for (var j = 0; j < _classes; j++)
                sum[j] += scratch[j];
        return true;
    }

    private void SumLeaf(int row, int shard, double* leaf)
    {
        new Span<double>(leaf, _stride).Clear();
        if (row >= _classes)
        {
            for (var sequence = batch.FirstSequence[shard]; sequence < batch.FirstSequence[shard + 1]; sequence++)
                AddStep(batch.PackedRowOf(row == _classes ? 0 : batch.LengthOf[sequence] - 1, sequence), leaf);
            return;
        }
        var steps = batch.Recurrent(reverse: false);
        for (var at = steps.Offsets[shard]; at < steps.Offsets[shard + 1]; at++)
        {
            // The rows before are counted with those of the initial states, which are before no step of the chain.
            var (before, behind) = (steps.Left[at] - batch.Sequences, steps.Right[at]);
            if (before < 0)
                continue;
            AddPair(_free.LeftOf(before)[row], _free.RightOf(behind), leaf);
            AddPair(-_held.LeftOf(before)[row], _held.RightOf(behind), leaf);
        }
        var factors = transitions.Factors + (nint)row * _stride;
        for (var j = 0; j < _classes; j++)
            leaf[j] *= factors[j];
    }

    private void AddPair(double left, double* right, double* leaf)
    {
        if (left == 0)
            return;
        var factor = Vector256.Create(left);
        for (nint j = 0; j < _stride; j += Vector256<double>.Count)
            Vector256.FusedMultiplyAdd(factor, Vector256.Load(right + j), Vector256.Load(leaf + j)).Store(leaf + j);
    }

    private void AddStep(int step, double* leaf)
    {
        for (var panel = 0; panel < layer.Shape.PanelCount; panel++)
        {
            var outputs = layer.Outputs.At(panel, step);
            for (var i = 0; i < layer.Shape.ColumnsOf(panel); i++)
                leaf[panel * PanelShape.MaxColumns + i] += outputs[i];
        }
    }
}
