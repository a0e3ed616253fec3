using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// Variational dropout of a direction's own state (Gal and Ghahramani 2016): the recurrent products read m * h', the mask m drawn once for a sequence and kept
/// over all its steps, so that what is dropped stays dropped. What a cell does with h' itself, such as a GRU's z * h', sees it whole.
/// </summary>
/// <remarks>
/// It keeps a copy of the states, multiplied by the masks, beside the states; what goes back through the recurrent weights is multiplied by them before it is
/// added. Members that take rows or units touch only those, so that threads need no more barriers than without.
/// </remarks>
/// <param name="batch">How rows lie.</param>
/// <param name="units">Units of the direction, H.</param>
/// <param name="rate">How many are dropped on average, above 0 and below 1.</param>
/// <param name="tag">The direction's tag.</param>
internal sealed unsafe class RecurrentDropout(PackedBatch batch, int units, float rate, uint tag) : IDisposable
{
    private readonly Scratch _masks = new();
    private readonly Scratch _states = new();
    private readonly Scratch _products = new();

    /// <summary>Whether anything is dropped: in training only.</summary>
    public bool IsActive { get; private set; }

    /// <summary>m * h, laid out as the states are: initial ones by position, then those by packed row.</summary>
    public RowBlock States => new((nint)_states.Pointer, Stride);

    /// <summary>Room for what goes back through the recurrent weights, by position.</summary>
    public RowBlock Products => new((nint)_products.Pointer, Stride);

    /// <summary>Bytes held.</summary>
    public long Bytes => _masks.Bytes + _states.Bytes + _products.Bytes;

    private nint Stride => (units + 15) / 16 * 16;

    private RowBlock Masks => new((nint)_masks.Pointer, Stride);

    /// <summary>Makes room for a batch; one thread.</summary>
    /// <param name="training">Whether the batch is trained on.</param>
    public void Prepare(bool training)
    {
        IsActive = training;
        if (!training)
            return;
        _masks.Ensure(batch.Sequences * Stride);
        _states.Ensure((batch.Sequences + batch.PackedRows) * Stride);
        _products.Ensure(batch.Sequences * Stride);
    }

    /// <summary>Draws the masks of some positions and drops of their initial states.</summary>
    /// <param name="key">The seed and the step; null where <see cref="IsActive"/> is false.</param>
    /// <param name="positionStart">The first position.</param>
    /// <param name="positionEnd">Behind the last one.</param>
    /// <param name="states">The states, whose first rows are the initial ones.</param>
    public void Begin(StepKey? key, int positionStart, int positionEnd, RowBlock states)
    {
        if (!IsActive || key is not { } step)
            return;
        for (var position = positionStart; position < positionEnd; position++)
        {
            var sequence = batch.SequenceAt[position];
            var shard = batch.ShardOf[sequence];
            new Span<float>(Masks.At(position), units).Fill(1);
            DropoutMasks.Apply(step, DropoutMasks.RowKey(0, batch.FirstShard + shard, sequence - batch.FirstSequence[shard]), tag, rate, Masks.At(position), units);
            Multiply(states.At(position), position, 0, units, States.At(position));
        }
    }

    /// <summary>Copies some units of a step's new states, multiplied.</summary>
    /// <param name="states">The states.</param>
    /// <param name="piece">The step's positions.</param>
    /// <param name="start">The first unit.</param>
    /// <param name="count">Units.</param>
    public void Copy(RowBlock states, in Piece piece, int start, int count)
    {
        for (var i = 0; i < piece.Rows; i++)
        {
            var row = batch.Sequences + piece.Row + i;
            Multiply(states.At(row) + start, piece.Position + i, start, count, States.At(row) + start);
        }
    }

    /// <summary>Multiplies some units of rows that stand for neighbouring positions, in place.</summary>
    /// <param name="rows">The first row.</param>
    /// <param name="stride">Floats from a row to the next.</param>
    /// <param name="piece">The positions.</param>
    /// <param name="start">The first unit.</param>
    /// <param name="count">Units.</param>
    public void Apply(float* rows, nint stride, in Piece piece, int start, int count)
    {
        for (var i = 0; i < piece.Rows; i++)
            Multiply(rows + i * stride + start, piece.Position + i, start, count, rows + i * stride + start);
    }

    /// <summary>Adds some units of <see cref="Products"/>, multiplied, to the gradients of the states before: the product, then the sum.</summary>
    /// <param name="gradients">The gradients of the states before, the first row.</param>
    /// <param name="stride">Floats from a row of them to the next.</param>
    /// <param name="piece">The positions.</param>
    /// <param name="start">The first unit.</param>
    /// <param name="end">Behind the last one; units that only round up are left out.</param>
    public void AddProducts(float* gradients, nint stride, in Piece piece, int start, int end)
    {
        end = Math.Min(end, units);
        for (var i = 0; i < piece.Rows; i++)
        {
            float* sum = gradients + i * stride, product = Products.At(piece.Position + i), mask = Masks.At(piece.Position + i);
            for (var unit = start; unit < end; unit++)
                sum[unit] += mask[unit] * product[unit];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _masks.Dispose();
        _states.Dispose();
        _products.Dispose();
    }

    private void Multiply(float* from, int position, int start, int count, float* to)
    {
        var mask = Masks.At(position) + start;
        for (var i = 0; i < count; i++)
            to[i] = from[i] * mask[i];
    }
}
