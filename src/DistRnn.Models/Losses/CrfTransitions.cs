using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>The tensors of a linear-chain conditional random field over L classes, in the order and with the names of pytorch-crf.</summary>
/// <param name="Start">What a sequence that begins with a class scores, [L].</param>
/// <param name="End">What a sequence that ends with a class scores, [L].</param>
/// <param name="Scores">What a class scores after another, [L, L]: from the row's to the column's.</param>
internal sealed record CrfTensors(TensorInfo Start, TensorInfo End, TensorInfo Scores)
{
    /// <summary>Lays out the tensors.</summary>
    /// <param name="builder">Where they are added.</param>
    /// <param name="classes">Classes, L.</param>
    public static CrfTensors Add(ParameterTable.Builder builder, int classes) => new(
        builder.AddRowMajor("crf.start_transitions", [classes]), builder.AddRowMajor("crf.end_transitions", [classes]), builder.AddRowMajor("crf.transitions", [classes, classes]));
}

/// <summary>The transitions of a linear chain as the lattice reads them: in float64, beside their exponentials in both orientations.</summary>
/// <remarks>Rows have a stride of whole blocks of columns; what lies behind the last class is 0. Read by any thread between two calls of <see cref="Rebuild"/>.</remarks>
internal sealed unsafe class CrfTransitions : IDisposable
{
    /// <summary>Columns that the lattice's loops take at once.</summary>
    public const int BlockColumns = 16;

    private readonly CrfTensors _tensors;
    private readonly FloatBuffer _memory;

    /// <summary>Makes room.</summary>
    /// <param name="tensors">The tensors.</param>
    public CrfTransitions(CrfTensors tensors)
    {
        _tensors = tensors;
        Classes = tensors.Start.Shape[0];
        Stride = (Classes + BlockColumns - 1) / BlockColumns * BlockColumns;
        _memory = new FloatBuffer(2L * Stride * (2 + 3L * Classes));
        _memory.Clear();
        Start = (double*)_memory.Pointer;
        End = Start + Stride;
        Scores = End + Stride;
        Factors = Scores + (nint)Classes * Stride;
        FactorsBack = Factors + (nint)Classes * Stride;
    }

    /// <summary>Classes, L.</summary>
    public int Classes { get; }

    /// <summary>Numbers from a row to the next.</summary>
    public int Stride { get; }

    /// <summary>Bytes held.</summary>
    public long Bytes => _memory.Count * sizeof(float);

    /// <summary>Scores of beginning, [L].</summary>
    public double* Start { get; }

    /// <summary>Scores of ending, [L].</summary>
    public double* End { get; }

    /// <summary>Scores of class j after class i, [i][j].</summary>
    public double* Scores { get; }

    /// <summary>e to the <see cref="Scores"/>, [i][j].</summary>
    public double* Factors { get; }

    /// <summary>The same turned round, [j][i].</summary>
    public double* FactorsBack { get; }

    /// <summary>Takes over new values.</summary>
    /// <param name="parameters">The flat vector.</param>
    public void Rebuild(FloatBuffer parameters)
    {
        var start = parameters.Pointer + _tensors.Start.Offset;
        var end = parameters.Pointer + _tensors.End.Offset;
        var scores = parameters.Pointer + _tensors.Scores.Offset;
        for (var i = 0; i < Classes; i++)
        {
            (Start[i], End[i]) = (start[i], end[i]);
            for (var j = 0; j < Classes; j++)
            {
                var score = (double)scores[(nint)i * Classes + j];
                var factor = ScalarMath.Exp(score);
                Scores[(nint)i * Stride + j] = score;
                Factors[(nint)i * Stride + j] = factor;
                FactorsBack[(nint)j * Stride + i] = factor;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}
