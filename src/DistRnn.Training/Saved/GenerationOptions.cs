namespace DistRnn.Training;

/// <summary>How text is generated.</summary>
public sealed record GenerationOptions
{
    /// <summary>Text that the model reads first; empty begins as at the start of a line.</summary>
    public string Prompt { get; init; } = "";

    /// <summary>Tokens to generate, at least 0.</summary>
    public int Length { get; init; } = 200;

    /// <summary>0 takes the most probable token every time; 1 draws from the probabilities as they are; more is more daring.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>The seed: the same gives the same text.</summary>
    public ulong Seed { get; init; } = 1;
}
