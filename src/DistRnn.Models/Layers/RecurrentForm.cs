using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>What one direction of one recurrent layer is made of.</summary>
internal sealed record RecurrentForm
{
    /// <summary>Gates and units.</summary>
    public required PanelShape Shape { get; init; }

    /// <summary>The tensors.</summary>
    public required StackTensors Tensors { get; init; }

    /// <summary>Whether it reads from the end.</summary>
    public required bool Reverse { get; init; }

    /// <summary>Inputs in a segment: all of them, or those of one direction of the layer below.</summary>
    public required int InputSegment { get; init; }

    /// <summary>Segments: 1, or one for each direction of the layer below.</summary>
    public required int InputSegments { get; init; }

    /// <summary>Floats from a segment to the next.</summary>
    public required int InputSegmentStride { get; init; }

    /// <summary>Whether the inputs' gradient is wanted.</summary>
    public required bool BackToInputs { get; init; }

    /// <summary>Whether the last gate's recurrent bias stands beside the recurrent product and not beside the input's (GRU, reset after).</summary>
    public bool SeparateCandidate { get; init; }

    /// <summary>Inputs in all.</summary>
    public int Inputs => InputSegment * InputSegments;

    /// <summary>Columns at the end of a panel whose recurrent bias is not added to the input's.</summary>
    /// <param name="panel">The panel.</param>
    public int RecurrentBiasColumns(int panel) => SeparateCandidate ? Shape.UnitsOf(panel) : 0;
}
