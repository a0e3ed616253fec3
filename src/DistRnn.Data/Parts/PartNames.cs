using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>The parts' names as job files spell them, and that none is given twice.</summary>
internal static class PartNames
{
    public static string Of(PartKind part) => part switch { PartKind.Train => "train", PartKind.Valid => "valid", _ => "test" };

    public static void CheckOnce(PartKind part, TextSource? source, double? share)
    {
        if (source is not null && share is not null)
            throw new InvalidInputException($"data.{Of(part)} names a source and data.split.parts.{Of(part)} a share of train; a part has one or the other.");
    }
}

/// <summary>The names of the files that a trained model keeps of its data.</summary>
internal static class StateFiles
{
    public const string Vocabulary = "vocabulary.txt";
    public const string Characters = "characters.vocabulary.txt";
    public const string Labels = "labels.txt";
    public const string Normalization = "normalization.json";

    /// <summary>The vocabulary of a token column; 0 is the token itself.</summary>
    public static string VocabularyOf(int column) => column == 0 ? Vocabulary : FormattableString.Invariant($"feature-{column}.vocabulary.txt");
}
