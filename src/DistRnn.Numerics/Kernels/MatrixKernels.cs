namespace DistRnn.Numerics;

/// <summary>
/// The matrix products of the recurrent core. Every element of every product is one chain of fused multiply-adds over k, ascending, that starts from
/// what the output held; so the same call gives the same bits at every vector width, however rows and columns are divided among calls.
/// </summary>
/// <remarks>
/// Weights come in panels of at most 64 columns (<see cref="PanelShape"/>). A kernel reads and writes whole vectors: it may read up to 15 floats
/// past a row of weights, and outputs must leave room for the columns rounded up to a multiple of 16; what it puts there means nothing.
/// Thread-safe: a kernel holds no state.
/// </remarks>
public abstract unsafe class MatrixKernels
{
    /// <summary>The floats of a scratch block for sums of outer products: a block of inputs for each level of the gradient tree, and a part of the right matrix.</summary>
    public const int ScratchFloats = BlocksFloats + PartDepth * 16;

    /// <summary>Inputs that lie side by side in an operand in groups; tiles of 6, 8 and 12 inputs fill it.</summary>
    public const int GroupInputs = 24;

    /// <summary>The most inputs that any kernels take together in a sum of outer products.</summary>
    public const int BlockInputsMax = 672;

    /// <summary>The most floats of inputs that any kernels do well with being copied together; see <see cref="InputFloatsTogether"/>.</summary>
    public const int InputFloatsMax = 1 << 20;

    /// <summary>The floats of a block: tiles of at least 6 inputs by 4 vectors of 16, or of 2 vectors of 8.</summary>
    internal const int BlockFloats = BlockInputsMax / 6 * 192;

    /// <summary>Where the blocks of a scratch end.</summary>
    internal const int BlocksFloats = 34 * BlockFloats;

    /// <summary>
    /// The most rows of a sum of outer products that are taken at a time. Measured on a Xeon with 48 KiB of first and 2 MiB of second level, four shards of
    /// 175 rows (November 2026): 96 rows, which the first level keeps, cost 3 % more, since tiles begin and end more often; all rows of all shards tile by
    /// tile 5 % more; tiles of 12 x 2 vectors, which read half as much of B, 5 % more; asking for the next part's rows 5 % more.
    /// </summary>
    internal const int PartDepth = 192;

    private protected MatrixKernels(SimdWidth width) => Width = width;

    /// <summary>The kernels of this process, chosen once: the widest that the processor has, or what the environment forces.</summary>
    public static MatrixKernels Current { get; } = Create(SimdWidths.Current);

    /// <summary>The width.</summary>
    public SimdWidth Width { get; }

    /// <summary>
    /// Inputs that are taken together in a sum of outer products: callers that copy rows close together do well to copy as many. With few registers the right
    /// matrix is copied once for each of them, and a large second level is not to be expected.
    /// </summary>
    public abstract int InputsTogether { get; }

    /// <summary>
    /// The most floats of inputs that callers do well to copy together for a sum of outer products: with many registers what the second level keeps beside a panel's
    /// gradients; with few, where it comes from the third level for each 16 columns, four times as many.
    /// </summary>
    public abstract int InputFloatsTogether { get; }

    /// <summary>
    /// The most columns of a right operand that do well to stand side by side: a multiple of 16. A tile of 16 registers reads 16 columns of every row; where rows are
    /// wider, what it reads falls into a few sets of the first level and does not stay there (20 % of a product with 2,600 rows on an EPYC, November 2026).
    /// </summary>
    public abstract int ColumnsTogether { get; }

    /// <summary>C += A W.</summary>
    /// <param name="a">A, [rows, depth].</param>
    /// <param name="rows">Rows.</param>
    /// <param name="depth">k.</param>
    /// <param name="weights">W, [depth, columns]: one panel, or some columns of one.</param>
    /// <param name="weightStride">Floats from a row of W to the next.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="output">C, [rows, columns].</param>
    /// <param name="outputStride">Floats from a row of C to the next; no less than the columns rounded up to 16.</param>
    public abstract void Multiply(LeftOperand a, int rows, int depth, float* weights, nint weightStride, int columns, float* output, nint outputStride);

    /// <summary>C = b + A W, every row's chains beginning with the bias; what C held is lost.</summary>
    /// <param name="a">A, [rows, depth].</param>
    /// <param name="rows">Rows.</param>
    /// <param name="depth">k, at least 1.</param>
    /// <param name="weights">W, [depth, columns]: one panel, or some columns of one.</param>
    /// <param name="weightStride">Floats from a row of W to the next.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="bias">b, [columns]; up to 15 floats behind it are read.</param>
    /// <param name="output">C, [rows, columns].</param>
    /// <param name="outputStride">Floats from a row of C to the next; no less than the columns rounded up to 16.</param>
    public abstract void Multiply(LeftOperand a, int rows, int depth, float* weights, nint weightStride, int columns, float* bias, float* output, nint outputStride);

    /// <summary>
    /// D = the gradient tree's sum over shards of the sum over k of outer products a_k b_k: a weight gradient. No shard's own sum is ever written out.
    /// </summary>
    /// <param name="a">The left matrix, of whose rows <paramref name="inputs"/> floats count.</param>
    /// <param name="aStride">Floats from a row to the next.</param>
    /// <param name="inputs">Rows of D.</param>
    /// <param name="b">The right matrix.</param>
    /// <param name="bStride">Floats from a row to the next.</param>
    /// <param name="columns">Columns of D.</param>
    /// <param name="rows">Which rows pair up, by shard.</param>
    /// <param name="destination">D, [inputs, columns]; exactly these floats are written.</param>
    /// <param name="destinationStride">Floats from a row of D to the next.</param>
    /// <param name="goOn">Whether the chains go on from what D holds; for one shard only.</param>
    /// <param name="scratch">The caller's own <see cref="ScratchFloats"/> floats.</param>
    public void SumOuterProducts(
        float* a, nint aStride, int inputs, float* b, nint bStride, int columns, in ShardRows rows, float* destination, nint destinationStride, bool goOn, float* scratch) =>
        SumOuterProducts(a, aStride, GroupInputs, inputs, b, bStride, columns, rows, destination, destinationStride, goOn, scratch);

    /// <summary>The same of a left matrix whose inputs stand in groups of <see cref="GroupInputs"/>, each group's rows one behind the other: tiles read it from end to end.</summary>
    /// <param name="a">The left matrix, of whose rows <paramref name="inputs"/> floats count.</param>
    /// <param name="aStride">Floats from a row of a group to the next.</param>
    /// <param name="aGroupStride">Floats from a group to the next.</param>
    /// <param name="inputs">Rows of D.</param>
    /// <param name="b">The right matrix.</param>
    /// <param name="bStride">Floats from a row to the next.</param>
    /// <param name="columns">Columns of D.</param>
    /// <param name="rows">Which rows pair up, by shard.</param>
    /// <param name="destination">D, [inputs, columns]; exactly these floats are written.</param>
    /// <param name="destinationStride">Floats from a row of D to the next.</param>
    /// <param name="goOn">Whether the chains go on from what D holds; for one shard only.</param>
    /// <param name="scratch">The caller's own <see cref="ScratchFloats"/> floats.</param>
    public abstract void SumOuterProducts(
        float* a, nint aStride, nint aGroupStride, int inputs, float* b, nint bStride, int columns, in ShardRows rows, float* destination, nint destinationStride, bool goOn,
        float* scratch);

    /// <summary>The kernels of a width, for tests and benchmarks.</summary>
    /// <param name="width">A width that this processor has.</param>
    public static MatrixKernels Create(SimdWidth width) => width switch
    {
        SimdWidth.Bits512 => new MatrixKernels<Simd512, System.Runtime.Intrinsics.Vector512<float>>(width, true),
        SimdWidth.Bits256 => new MatrixKernels<Simd256, System.Runtime.Intrinsics.Vector256<float>>(width, false),
        SimdWidth.Bits128 => new MatrixKernels<Simd128, System.Runtime.Intrinsics.Vector128<float>>(width, System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported),
        _ => new MatrixKernels<SimdScalar, float>(width, false),
    };
}
