using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// Rows of the encoder, one for each step of each sequence, as attention reads them: a sequence's rows one after another, [S, columns], and the same
/// turned round, [columns, S], since a product's k runs over rows here and over columns there.
/// </summary>
/// <param name="columns">Floats of a row that count.</param>
/// <param name="turned">Whether the turned form is wanted.</param>
internal sealed unsafe class AttentionMemory(int columns, bool turned) : IDisposable
{
    private readonly Scratch _rows = new();
    private readonly Scratch _turned = new();
    private readonly Scratch _gradients = new();
    private int[] _first = [];
    private long[] _firstTurned = [];

    /// <summary>Floats of a row that count.</summary>
    public int Columns => columns;

    /// <summary>Floats from a row to the next.</summary>
    public nint Stride => (columns + 15) / 16 * 16;

    /// <summary>Bytes held.</summary>
    public long Bytes => _rows.Bytes + _turned.Bytes + _gradients.Bytes;

    /// <summary>Makes room; one thread.</summary>
    /// <param name="batch">The encoder's batch.</param>
    /// <param name="training">Whether there are gradients.</param>
    public void Prepare(PackedBatch batch, bool training)
    {
        if (_first.Length < batch.Sequences)
            (_first, _firstTurned) = (new int[batch.Sequences], new long[batch.Sequences]);
        var (rows, floats) = (0, 0L);
        for (var sequence = 0; sequence < batch.Sequences; sequence++)
        {
            (_first[sequence], _firstTurned[sequence]) = (rows, floats);
            rows += batch.LengthOf[sequence];
            floats += (long)columns * TurnedStride(batch.LengthOf[sequence]);
        }
        _rows.Ensure(rows * Stride);
        if (turned)
            _turned.Ensure(floats);
        if (training)
            _gradients.Ensure(rows * Stride);
    }

    /// <summary>Floats from a row of the turned form to the next: the sequence's length, rounded up.</summary>
    /// <param name="length">S.</param>
    public static nint TurnedStride(int length) => (length + 15) / 16 * 16;

    /// <summary>A row: step s of a sequence.</summary>
    public float* At(int sequence, int step) => _rows.Pointer + (_first[sequence] + step) * Stride;

    /// <summary>The gradient of a row.</summary>
    public float* GradientAt(int sequence, int step) => _gradients.Pointer + (_first[sequence] + step) * Stride;

    /// <summary>A sequence's turned form, [columns, S].</summary>
    public float* TurnedOf(int sequence) => _turned.Pointer + _firstTurned[sequence];

    /// <summary>Fills the turned form of a sequence from its rows; what only rounds up is +0.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="length">S.</param>
    public void Turn(int sequence, int length)
    {
        var stride = TurnedStride(length);
        var to = TurnedOf(sequence);
        for (nint column = 0; column < columns; column++, to += stride)
        {
            var from = At(sequence, 0) + column;
            for (nint step = 0; step < length; step++, from += Stride)
                to[step] = *from;
            for (nint step = length; step < stride; step++)
                to[step] = 0;
        }
    }

    /// <summary>Output += row times the turned form: the product of one row with every row of a sequence.</summary>
    /// <param name="kernels">The kernels.</param>
    /// <param name="row">[columns].</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="length">S.</param>
    /// <param name="output">[S], rounded up.</param>
    public void TimesEveryRow(MatrixKernels kernels, float* row, int sequence, int length, float* output)
    {
        var stride = TurnedStride(length);
        for (var first = 0; first < length; first += PanelShape.MaxColumns)
        {
            kernels.Multiply(
                new LeftOperand(row, 0), 1, columns, TurnedOf(sequence) + first, stride, Math.Min(PanelShape.MaxColumns, length - first), output + first, stride);
        }
    }

    /// <summary>Output += the sum over s of weight_s times row s.</summary>
    /// <param name="kernels">The kernels.</param>
    /// <param name="weights">[S].</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="length">S.</param>
    /// <param name="output">[columns], with room for them rounded up to 16.</param>
    public void WeightedSum(MatrixKernels kernels, float* weights, int sequence, int length, float* output)
    {
        for (var first = 0; first < columns; first += PanelShape.MaxColumns)
        {
            kernels.Multiply(
                new LeftOperand(weights, 0), 1, length, At(sequence, 0) + first, Stride, Math.Min(PanelShape.MaxColumns, columns - first), output + first, Stride);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _rows.Dispose();
        _turned.Dispose();
        _gradients.Dispose();
    }
}
