namespace DistRnn.Training;

/// <summary>Whose figures a piece of an evaluation holds: it says what its counts and sums mean. The numbers are those on the wire.</summary>
internal enum FigureKind : byte
{
    /// <summary>A language model: no counts.</summary>
    LanguageModel = 1,

    /// <summary>A classifier: for each label right, for each predicted, for each labelled.</summary>
    Classification = 2,

    /// <summary>A tagger without spans: right, steps, and three zeros.</summary>
    Tagging = 3,

    /// <summary>A tagger with spans: right, steps, and spans of the gold tags, of the predicted ones and of both.</summary>
    SpanTagging = 4,

    /// <summary>A forecaster: values and values with a scale; eighteen sums a shard.</summary>
    Forecasting = 5,

    /// <summary>Word vectors: no counts.</summary>
    WordVectors = 6,

    /// <summary>A translator: right, sources, n-grams that match and n-grams in all for four orders, and two lengths.</summary>
    Translation = 7,
}
