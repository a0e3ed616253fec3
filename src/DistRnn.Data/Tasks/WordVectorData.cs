using System.Collections.Immutable;
using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>
/// The data of word vectors: each part one stream of words, whose rows are centre words (the targets) and contexts; and the questions by which the
/// vectors are judged. It always has a test part: without a text of its own that is the beginning of the training text, of which only the loss is told.
/// </summary>
public sealed class WordVectorData : TaskData
{
    private const int TestWords = 1 << 16;

    private readonly WordVectorDataOptions _options;
    private readonly LanguageModelData _text;
    private readonly bool _hasTrain;

    private WordVectorData(WordVectorDataOptions options, LanguageModelData text)
    {
        (_options, _text) = (options, text);
        _hasTrain = text.Has(PartKind.Train);
        var files = new List<SourceFile>(text.Files);
        if (_hasTrain && options.Analogies is { } analogies)
            Analogies = AnalogyQuestions.Read(analogies, Vocabulary, files);
        if (_hasTrain && options.Similarities is { } similarities)
            Similarities = WordPairs.Read(similarities, Vocabulary, files);
        Files = [.. files];
        WordCounts = [.. Vocabulary.Counts.Select((count, id) => id < WordIds.Specials ? 0 : count)];
        using var digest = new ContentDigest("word-vectors");
        digest.Add(text.Digest);
        digest.Add(string.Create(CultureInfo.InvariantCulture, $"{options.Window} {options.Subsample:R}"));
        foreach (var file in files.Skip(text.Files.Length))
            digest.Add(file.Sha256);
        Digest = digest.Finish();
    }

    /// <summary>The words, after the unknown word and the line's end.</summary>
    public Vocabulary Vocabulary => _text.Vocabularies[0];

    /// <summary>How often the training text has each word, [V]; 0 for the unknown word and the line's end, which have no vectors.</summary>
    public ImmutableArray<long> WordCounts { get; }

    /// <summary>The analogy questions, or null where the job has none.</summary>
    public AnalogyQuestions? Analogies { get; }

    /// <summary>The pairs of words with people's scores, or null where the job has none.</summary>
    public WordPairs? Similarities { get; }

    /// <summary>Whether the test part is a text of its own, and not the beginning of the training text.</summary>
    public bool HasTestText => _text.Has(PartKind.Test);

    /// <inheritdoc/>
    public override ImmutableArray<Vocabulary> Vocabularies => _text.Vocabularies;

    /// <inheritdoc/>
    public override int ValueSize => 0;

    /// <inheritdoc/>
    public override TargetKind TargetKind => TargetKind.ClassPerSequence;

    /// <inheritdoc/>
    public override int Outputs => Vocabulary.Count;

    /// <inheritdoc/>
    public override ImmutableArray<string> ClassNames => Vocabulary.Tokens;

    /// <inheritdoc/>
    public override ImmutableArray<long> LabelCounts => Vocabulary.Counts;

    /// <inheritdoc/>
    public override string Digest { get; }

    /// <inheritdoc/>
    public override bool Has(PartKind part) => _text.Has(part) || part == PartKind.Test && _hasTrain;

    /// <inheritdoc/>
    public override PartDescription Describe(PartKind part)
    {
        if (_text.Has(part))
            return _text.Describe(part) with { Targets = LengthOf(part) };
        var words = LengthOf(part);
        return new PartDescription(part, 1, words, words, 0, 0, words);
    }

    /// <inheritdoc/>
    public override ITrainingPlan CreateTrainingPlan(ulong seed, int batch, int shards, int? window) =>
        new WordVectorTrainingPlan(SamplingOf(PartKind.Train), LengthOf(PartKind.Train), seed, batch, shards);

    /// <inheritdoc/>
    public override IEvaluationPlan CreateEvaluationPlan(PartKind part, int batch) => new WordVectorEvaluationPlan(SamplingOf(part), LengthOf(part), batch);

    /// <inheritdoc/>
    public override void SaveState(string directory) => _text.SaveState(directory);

    internal static WordVectorData LoadNew(WordVectorDataOptions options, IProgress<DataProgress>? progress) => Create(options, LanguageModelData.LoadNew(TextOf(options), progress));

    internal static WordVectorData LoadSaved(WordVectorDataOptions options, string stateDirectory, TextSource? source, IProgress<DataProgress>? progress) =>
        Create(options, LanguageModelData.LoadSaved(TextOf(options), stateDirectory, source, progress));

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _text.Dispose();
        base.Dispose(disposing);
    }

    private static WordVectorData Create(WordVectorDataOptions options, LanguageModelData text)
    {
        var words = text.Vocabularies[0].Counts.Skip(WordIds.Specials).Count(count => count > 0);
        if (words < 2)
            throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"{options.Train.Name} has {words} words that occur at least {options.MinCount} times (data.min-count); vectors need 2."));
        return new WordVectorData(options, text);
    }

    private static LanguageModelDataOptions TextOf(WordVectorDataOptions options)
    {
        if (options.Window is < 1 or > 1000)
            throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"model.window is {options.Window}; it is 1 to 1000."));
        if (options.Subsample is { } subsample && !(subsample is > 0 and <= 1))
            throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"data.subsample is {subsample}; it is above 0 and at most 1, or none."));
        if (options.Tokens != TokenKind.Word)
            throw new InvalidInputException("Word vectors are of words; data.tokens is word.");
        return new LanguageModelDataOptions
        {
            Train = options.Train,
            Valid = options.Valid,
            Test = options.Test,
            Split = options.Split,
            Vocabulary = options.Vocabulary,
            MinCount = options.MinCount,
            Lowercase = options.Lowercase,
            ZeroDigits = options.ZeroDigits,
        };
    }

    private PartKind TextPartOf(PartKind part) => _text.Has(part) ? part : PartKind.Train;

    private long LengthOf(PartKind part) => _text.Has(part) ? _text.StreamOf(part).Length : Math.Min(TestWords, _text.StreamOf(PartKind.Train).Length);

    private WordSampling SamplingOf(PartKind part) => new(_text.StreamOf(TextPartOf(part)), Vocabulary.Counts, _options.Subsample, _options.Window);
}
