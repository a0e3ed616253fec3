namespace DistRnn.Numerics;

/// <summary>
/// Some inputs of a weight gradient by one panel's columns, and how they are cut into tiles: tiles fill groups of inputs, and what is left behind the
/// last full group is cut into tiles of nearly equal size.
/// </summary>
internal readonly unsafe struct OuterBlock(
    float* left, nint leftStride, nint groupStride, float* right, nint rightStride, float* destination, nint destinationStride, int inputs, int rowsMax, int vectors, int columns)
{
    private readonly int _fullTiles = inputs / MatrixKernels.GroupInputs * (MatrixKernels.GroupInputs / rowsMax);
    private readonly int _rest = inputs % MatrixKernels.GroupInputs;

    /// <summary>Floats from a row of the left matrix to the next.</summary>
    public nint LeftStride => leftStride;

    /// <summary>The right matrix.</summary>
    public float* Right => right;

    /// <summary>Floats from a row of the right matrix to the next.</summary>
    public nint RightStride => rightStride;

    /// <summary>The block's part of the gradient.</summary>
    public float* Destination => destination;

    /// <summary>Floats from a row of the gradient to the next.</summary>
    public nint DestinationStride => destinationStride;

    /// <summary>Inputs: rows of the gradient.</summary>
    public int Inputs => inputs;

    /// <summary>Vectors of a tile.</summary>
    public int Vectors => vectors;

    /// <summary>Columns that are written.</summary>
    public int Columns => columns;

    /// <summary>How many tiles there are.</summary>
    public int Tiles => _fullTiles + RestTiles;

    private int RestTiles => (_rest + rowsMax - 1) / rowsMax;

    /// <summary>Inputs of a tile.</summary>
    public int SizeOf(int tile) => tile < _fullTiles ? rowsMax : _rest / RestTiles + (tile - _fullTiles < _rest % RestTiles ? 1 : 0);

    /// <summary>The first input of a tile.</summary>
    public int StartOf(int tile) => tile <= _fullTiles ? tile * rowsMax : _fullTiles * rowsMax + (tile - _fullTiles) * (_rest / RestTiles) + Math.Min(tile - _fullTiles, _rest % RestTiles);

    /// <summary>The left matrix from a tile's first input on.</summary>
    public float* LeftOf(int tile)
    {
        var start = StartOf(tile);
        return left + start / MatrixKernels.GroupInputs * groupStride + start % MatrixKernels.GroupInputs;
    }
}
