namespace DistRnn.Data;

/// <summary>The parts of a job's data.</summary>
public enum PartKind
{
    /// <summary>What the network learns from; vocabularies, labels and scales are fitted on it alone.</summary>
    Train,

    /// <summary>What decisions are made on.</summary>
    Valid,

    /// <summary>What is reported; also the part that holds a new file that a saved model reads.</summary>
    Test,
}

/// <summary>The size of one part, and what about it a reader should know.</summary>
/// <param name="Part">Which part.</param>
/// <param name="Sequences">Sequences, or forecasts; 1 for a language model's stream.</param>
/// <param name="Steps">Time steps of all of them.</param>
/// <param name="Targets">Predictions that count in the loss: tokens, labels, sequences, or real values.</param>
/// <param name="UnknownTokens">Steps whose token is not in the vocabulary.</param>
/// <param name="UnknownLabels">Labels that the training part does not have: -1 in the plan, and wrong whatever is predicted.</param>
/// <param name="Longest">Steps of the longest sequence.</param>
public sealed record PartDescription(PartKind Part, long Sequences, long Steps, long Targets, long UnknownTokens, long UnknownLabels, long Longest)
{
    /// <summary>Full sentences on what is unusual: unknown tokens and labels. Empty for the training part and wherever all is known.</summary>
    public IReadOnlyList<string> Warnings
    {
        get
        {
            if (Part == PartKind.Train)
                return [];
            var warnings = new List<string>();
            var name = Part.ToString().ToLowerInvariant();
            if (UnknownTokens > 0)
                warnings.Add(FormattableString.Invariant($"{UnknownTokens} of {Steps} tokens of {name} are not in the vocabulary and were read as <unk>."));
            if (UnknownLabels > 0)
                warnings.Add(FormattableString.Invariant($"{UnknownLabels} labels of {name} do not occur in the training part; they count as wrong and not in the loss."));
            return warnings;
        }
    }
}
