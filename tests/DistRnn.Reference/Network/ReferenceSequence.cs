namespace DistRnn.Reference;

/// <summary>One sequence, its targets and the state it begins with.</summary>
public sealed record ReferenceSequence
{
    /// <summary>Token columns, [columns][T].</summary>
    public int[][] Tokens { get; init; } = [];

    /// <summary>The characters of each step's token, [T][], or empty.</summary>
    public int[][] Characters { get; init; } = [];

    /// <summary>Values, [T][ValueSize].</summary>
    public double[][] Values { get; init; } = [];

    /// <summary>Steps, T.</summary>
    public required int Length { get; init; }

    /// <summary>Classes, [T] or [1]; -1 where there is nothing to learn; empty without targets.</summary>
    public int[] Classes { get; init; } = [];

    /// <summary>Real targets, [Outputs], or empty.</summary>
    public double[] Targets { get; init; } = [];

    /// <summary>The known forecast to which the output is added, [Outputs], or empty.</summary>
    public double[] Base { get; init; } = [];

    /// <summary>The state it begins with, for each layer and direction, or null for zeros.</summary>
    public CellState[]? Initial { get; init; }
}

/// <summary>
/// The factors of dropout, given from outside; each is 0 or 1 / (1 - rate). A null function drops nothing. Rows count from 0 in the shard.
/// </summary>
public sealed record ReferenceMasks
{
    /// <summary>(row, step, element) of what enters the first layer, behind the context window.</summary>
    public Func<int, int, int, double>? Embedding { get; init; }

    /// <summary>(layer, row, step, element) of the output of a layer that is not the last.</summary>
    public Func<int, int, int, int, double>? Layer { get; init; }

    /// <summary>(row, step, element) of what enters the output layer; the step of a pooled sequence is 0.</summary>
    public Func<int, int, int, double>? Output { get; init; }

    /// <summary>(layer, direction, row, unit) of the state that recurrent weights read, the same at every step.</summary>
    public Func<int, int, int, int, double>? Recurrent { get; init; }

    /// <summary>(row, step): whether the token of column 0 becomes the unknown one.</summary>
    public Func<int, int, bool>? Word { get; init; }
}

/// <summary>What a network says of a shard: sums, and what it says of each sequence.</summary>
public sealed record ReferenceResult
{
    /// <summary>The sum of losses.</summary>
    public double Loss { get; set; }

    /// <summary>Targets that entered it.</summary>
    public int Targets { get; set; }

    /// <summary>Sequences.</summary>
    public int Sequences { get; set; }

    /// <summary>Targets whose most probable class, the first where several are equal, was right.</summary>
    public int Correct { get; set; }

    /// <summary>Gradients of the sum of losses by name.</summary>
    public Dictionary<string, double[]> Gradients { get; set; } = [];

    /// <summary>Probabilities, or values with the known forecast added, one array a step or a sequence.</summary>
    public List<double[]> Outputs { get; } = [];

    /// <summary>The class that is said of each step or sequence; none for real values.</summary>
    public List<int> Classes { get; } = [];

    /// <summary>The loss of each step or sequence, 0 where there is no target; that of a whole sequence of steps at its first target.</summary>
    public List<double> Losses { get; } = [];

    /// <summary>The state each sequence ends with.</summary>
    public List<CellState[]> Final { get; } = [];
}
