namespace DistRnn.Models;

/// <summary>What a recurrent stack is made of.</summary>
internal sealed record RecurrentStackOptions
{
    /// <summary>The cell.</summary>
    public required CellKind Cell { get; init; }

    /// <summary>f of a plain recurrent network.</summary>
    public Activation Activation { get; init; }

    /// <summary>The form of a GRU.</summary>
    public bool ResetAfter { get; init; } = true;

    /// <summary>Inputs of the first layer.</summary>
    public required int Inputs { get; init; }

    /// <summary>Units of each layer.</summary>
    public required int[] Hidden { get; init; }

    /// <summary>1 or 2.</summary>
    public required int Directions { get; init; }

    /// <summary>The tensors of every layer and direction, layer by layer.</summary>
    public required StackTensors[] Tensors { get; init; }

    /// <summary>Whether the inputs' gradient is wanted.</summary>
    public required bool BackToInputs { get; init; }

    /// <summary>Whether the layers go through time together, a step at a time: then every layer's gradients live at once.</summary>
    public bool Stepwise { get; init; }

    /// <summary>What is added to the tags of dropout, so that two stacks of a network differ.</summary>
    public uint DropoutTags { get; init; }

    /// <summary>The rate of dropout between layers.</summary>
    public float LayersDropout { get; init; }

    /// <summary>The rate of dropout of each direction's own state.</summary>
    public float RecurrentDropout { get; init; }
}
