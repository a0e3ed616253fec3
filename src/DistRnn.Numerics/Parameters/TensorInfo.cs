using System.Collections.Immutable;

namespace DistRnn.Numerics;

/// <summary>How a tensor's elements stand in the flat parameter vector.</summary>
public enum TensorLayout
{
    /// <summary>Row-major, as PyTorch keeps it: embeddings (a row a token), vectors without gates.</summary>
    RowMajor,

    /// <summary>
    /// The layout the matrix kernels read (see <see cref="PanelShape"/>): a weight [gates * units, inputs] is kept transposed, as
    /// panels of whole units, each panel [inputs][columns], the columns gate by gate. A bias [gates * units] is the same with one input.
    /// </summary>
    Panels,
}

/// <summary>One named tensor of a <see cref="ParameterTable"/>: its PyTorch name and shape, and where and how it stands in the flat vector.</summary>
/// <param name="Name">PyTorch's name of it, such as <c>rnn.weight_ih_l0</c>.</param>
/// <param name="Shape">PyTorch's dimensions, outermost first; one or two of them.</param>
/// <param name="Layout">How its elements are arranged.</param>
/// <param name="Panels">The panel shape; meaningful for <see cref="TensorLayout.Panels"/> only.</param>
/// <param name="SparseRows">Whether its gradient touches only some rows of a step (an embedding).</param>
/// <param name="Offset">Its first float in the flat vector, a multiple of 16.</param>
public sealed record TensorInfo(string Name, ImmutableArray<int> Shape, TensorLayout Layout, PanelShape Panels, bool SparseRows, long Offset)
{
    /// <summary>How many floats it has; no padding is counted.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>Rows of a row-major matrix: the first dimension.</summary>
    public int Rows => Shape[0];

    /// <summary>Floats a row of a row-major matrix: the second dimension, 1 for a vector.</summary>
    public int RowSize => Shape.Length > 1 ? Shape[1] : 1;
}
