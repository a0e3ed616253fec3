using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>One thread's working memory for a group; grows to the largest group seen.</summary>
internal sealed unsafe class WordVectorScratch : IDisposable
{
    private readonly int _stride;
    private FloatBuffer? _memory;
    private long _inputs;
    private long _columns;

    /// <summary>Makes empty memory.</summary>
    /// <param name="stride">Floats from a row of D floats to the next.</param>
    public WordVectorScratch(int stride) => _stride = stride;

    /// <summary>Bytes outside the managed heap.</summary>
    public long Bytes => (_memory?.Count ?? 0) * sizeof(float);

    /// <summary>The inputs, [inputs, stride].</summary>
    public float* X { get; private set; }

    /// <summary>The columns' rows, [columns, stride].</summary>
    public float* Y { get; private set; }

    /// <summary>The same the other way round, [stride, columns].</summary>
    public float* Transposed { get; private set; }

    /// <summary>Scores, then errors, [inputs, columns].</summary>
    public float* Errors { get; private set; }

    /// <summary>Errors the other way round, [columns, inputs rounded up to <see cref="RowTranspose.Block"/>].</summary>
    public float* ErrorsTransposed { get; private set; }

    /// <summary>Losses, [inputs, columns].</summary>
    public float* Losses { get; private set; }

    /// <summary>Makes room; the content is +0 where it is new, and what it was elsewhere.</summary>
    /// <param name="inputs">The most inputs of a group.</param>
    /// <param name="columns">The most columns of a group.</param>
    public void Reserve(int inputs, int columns)
    {
        if (inputs <= _inputs && columns <= _columns)
            return;
        (_inputs, _columns) = (Math.Max(inputs, 2 * _inputs), Math.Max(columns, _columns));
        var pairs = (_inputs + RowTranspose.Block) * (_columns + RowTranspose.Block);
        _memory?.Dispose();
        _memory = new FloatBuffer(_inputs * _stride + 2 * _columns * _stride + 3 * pairs + 64);
        X = _memory.Pointer;
        Y = X + _inputs * _stride;
        Transposed = Y + _columns * _stride;
        Errors = Transposed + _columns * _stride;
        ErrorsTransposed = Errors + pairs;
        Losses = ErrorsTransposed + pairs;
    }

    /// <inheritdoc/>
    public void Dispose() => _memory?.Dispose();
}
