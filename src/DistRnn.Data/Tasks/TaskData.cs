using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>
/// The data of a job, read and ready: parts, vocabularies, labels and scales, and the plans that say which sequences a step has. The kinds are
/// <see cref="LanguageModelData"/>, <see cref="ClassificationData"/>, <see cref="TaggingData"/>, <see cref="ForecastingData"/>,
/// <see cref="TranslationData"/> and <see cref="WordVectorData"/>.
/// </summary>
/// <remarks>
/// Everything that is fitted (vocabularies, labels, scales) is fitted on the training part. Equal options, files and seeds give equal data on every
/// machine, as <see cref="Digest"/> shows. Text is streamed and never held whole; what is held are its token ids (1, 2 or 4 bytes each) or its values
/// (4 bytes each), at most 2,147,483,591 of them a file. Thread-safe once it is loaded.
/// </remarks>
public abstract class TaskData : IDisposable
{
    private protected TaskData()
    {
    }

    /// <summary>What stands in <see cref="SequenceBatch.Targets"/> for a label that the training part does not have.</summary>
    public const int UnseenLabel = -1;

    /// <summary>The vocabularies of the token columns: the token itself, then features. Empty for numeric sequences.</summary>
    public abstract ImmutableArray<Vocabulary> Vocabularies { get; }

    /// <summary>The vocabulary of characters, <c>&lt;unk&gt;</c> first; null where tokens are read whole. Batches then have <see cref="SequenceBatch.CharacterSequences"/>.</summary>
    public virtual Vocabulary? Characters => null;

    /// <summary>Real values a step; 0 for tokens.</summary>
    public abstract int ValueSize { get; }

    /// <summary>What a batch's targets are when it has any.</summary>
    public abstract TargetKind TargetKind { get; }

    /// <summary>Classes, or values of a forecast (horizon times targets).</summary>
    public abstract int Outputs { get; }

    /// <summary>The classes' names, [Outputs]: tokens for a language model, labels for others in the order the training part first has them; empty for forecasts.</summary>
    public abstract ImmutableArray<string> ClassNames { get; }

    /// <summary>How often each class occurs in the training part, [Outputs]: sequences, or steps for tagging; empty for forecasts and saved data.</summary>
    public abstract ImmutableArray<long> LabelCounts { get; }

    /// <summary>The id of the unknown token in column 0, which word dropout puts in; 0 (translations have their own).</summary>
    public int UnknownToken => 0;

    /// <summary>Every file that was read, in order of reading.</summary>
    public ImmutableArray<SourceFile> Files { get; private protected set; } = [];

    /// <summary>SHA-256 over the content of all parts, the vocabularies, labels and scales: 64 lower-case hexadecimal digits. Names and paths do not enter.</summary>
    public abstract string Digest { get; }

    /// <summary>Reads a job's data and fits vocabularies, labels and scales on the training part.</summary>
    /// <param name="options">What to read.</param>
    /// <param name="seed">The job's seed, which shuffled and stratified splits depend on.</param>
    /// <param name="progress">Told now and then how far reading has come; null for nobody.</param>
    /// <exception cref="InvalidInputException">A file is missing or malformed, or an option does not suit the data.</exception>
    public static TaskData Load(DataOptions options, ulong seed, IProgress<DataProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options switch
        {
            LanguageModelDataOptions o => LanguageModelData.LoadNew(o, progress),
            WordVectorDataOptions o => WordVectorData.LoadNew(o, progress),
            ClassificationDataOptions o => ClassificationData.LoadNew(o, seed, progress),
            TaggingDataOptions o => TaggingData.LoadNew(o, seed, progress),
            ForecastingDataOptions o => ForecastingData.LoadNew(o, progress),
            TranslationDataOptions o => TranslationData.LoadNew(o, seed, progress),
            _ => throw new ArgumentOutOfRangeException(nameof(options)),
        };
    }

    /// <summary>Reads a new file as a trained model needs it: with the vocabularies, labels and scales that <see cref="SaveState"/> wrote. It is the part <see cref="PartKind.Test"/>.</summary>
    /// <param name="options">How the training data was read; its sources and split are not read.</param>
    /// <param name="stateDirectory">Where the vocabularies, labels and scales are.</param>
    /// <param name="source">The new file, or null for none: then there is no part, only vocabularies and labels.</param>
    /// <param name="withTargets">
    /// Whether the file has labels to compare with. Without: classification reads a line as a text (tsv, directory) or as values only (csv), tagging takes
    /// lines without a tag column, JSON needs no label, and forecasting makes one forecast, of the rows behind each series' last one.
    /// </param>
    /// <param name="progress">Told now and then how far reading has come; null for nobody.</param>
    /// <exception cref="InvalidInputException">A file is missing or malformed, or does not suit what was saved.</exception>
    public static TaskData LoadForUse(
        DataOptions options, string stateDirectory, TextSource? source, bool withTargets = true, IProgress<DataProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(stateDirectory);
        return options switch
        {
            LanguageModelDataOptions o => LanguageModelData.LoadSaved(o, stateDirectory, source, progress),
            WordVectorDataOptions o => WordVectorData.LoadSaved(o, stateDirectory, source, progress),
            ClassificationDataOptions o => ClassificationData.LoadSaved(o, stateDirectory, source, withTargets, progress),
            TaggingDataOptions o => TaggingData.LoadSaved(o, stateDirectory, source, withTargets, progress),
            ForecastingDataOptions o => ForecastingData.LoadSaved(o, stateDirectory, source, withTargets, progress),
            TranslationDataOptions o => TranslationData.LoadSaved(o, stateDirectory, source, withTargets, progress),
            _ => throw new ArgumentOutOfRangeException(nameof(options)),
        };
    }

    /// <summary>Whether there is such a part.</summary>
    /// <param name="part">Which part.</param>
    public abstract bool Has(PartKind part);

    /// <summary>The size of a part and what is unusual about it.</summary>
    /// <param name="part">One that <see cref="Has"/>.</param>
    public abstract PartDescription Describe(PartKind part);

    /// <summary>The plan of the training part. It draws its order from (seed, epoch) alone.</summary>
    /// <param name="seed">The job's seed.</param>
    /// <param name="batch">Sequences, or lanes, of a step, at least 1.</param>
    /// <param name="shards">Shards of a step, at least 1.</param>
    /// <param name="window">Steps of a language model's window, at least 1; null (full) elsewhere, and 35 for a language model.</param>
    /// <exception cref="InvalidInputException">The data are too few for so many lanes, or a window was given to independent sequences.</exception>
    public abstract ITrainingPlan CreateTrainingPlan(ulong seed, int batch, int shards, int? window);

    /// <summary>What an evaluation of a part reads, each sequence once.</summary>
    /// <param name="part">One that <see cref="Has"/>.</param>
    /// <param name="batch">Sequences of a shard, at least 1; not read for a language model, whose stream is one lane.</param>
    public abstract IEvaluationPlan CreateEvaluationPlan(PartKind part, int batch);

    /// <summary>
    /// Writes what a trained model needs to read new data, as text: <c>vocabulary.txt</c> and <c>feature-N.vocabulary.txt</c> (a token a line, a tab, its
    /// count), <c>characters.vocabulary.txt</c> and <c>labels.txt</c> (the same), <c>normalization.json</c> (exact). Only what the task has.
    /// </summary>
    /// <param name="directory">An existing directory.</param>
    public abstract void SaveState(string directory);

    /// <summary>The weights of <c>class-weights: balanced</c>: all / (classes * count of the class), [Outputs].</summary>
    /// <exception cref="InvalidOperationException">There are no label counts: forecasts or saved data.</exception>
    public ImmutableArray<float> BalancedClassWeights()
    {
        var counts = LabelCounts;
        if (counts.IsEmpty)
            throw new InvalidOperationException("There are no label counts.");
        var total = 0L;
        foreach (var count in counts)
            total += count;
        return [.. counts.Select(count => count == 0 ? 0f : (float)((double)total / ((double)counts.Length * count)))];
    }

    /// <summary>SHA-256 over <see cref="Digest"/> and a plan's arguments: nodes that agree on it fill equal batches. 64 lower-case hexadecimal digits.</summary>
    /// <param name="seed">The job's seed.</param>
    /// <param name="batch">Sequences, or lanes, of a step.</param>
    /// <param name="shards">Shards of a step.</param>
    /// <param name="window">As for <see cref="CreateTrainingPlan"/>.</param>
    public string PlanDigest(ulong seed, int batch, int shards, int? window)
    {
        using var digest = new ContentDigest("plan");
        digest.Add(Digest);
        digest.Add([seed, (ulong)batch, (ulong)shards, (ulong)(window ?? 0)]);
        return digest.Finish();
    }

    /// <summary>Lets go of the data.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Lets go of the data.</summary>
    /// <param name="disposing">Whether it was asked for.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
