using System.Collections.Immutable;
using DistRnn.Data;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>A job's section <c>data</c> as the options that DistRnn.Data reads by, and the digests that tie a job to its files.</summary>
public static class JobData
{
    /// <summary>The options of a job's data. Paths that begin with <see cref="DataSection.BuiltInPrefix"/> become the text inside the product.</summary>
    /// <param name="job">A checked job.</param>
    /// <exception cref="InvalidInputException">There is no such built-in data.</exception>
    /// <exception cref="ArgumentException">The task has no data in this version.</exception>
    public static DataOptions OptionsOf(JobOptions job)
    {
        ArgumentNullException.ThrowIfNull(job);
        var data = job.Data;
        DataOptions options = job.Task switch
        {
            TaskKind.LanguageModel => WithTokens(new LanguageModelDataOptions { Train = SourceOf(data.Train) }, data),
            TaskKind.Classification => WithTokens(
                new ClassificationDataOptions
                {
                    Train = SourceOf(data.Train),
                    Format = JobNames.Parse<ClassificationFormat>(data.Format),
                    MaxLength = data.MaxLength,
                    Normalize = NormalizeOf(data),
                },
                data),
            TaskKind.Tagging => WithTokens(
                new TaggingDataOptions
                {
                    Train = SourceOf(data.Train),
                    Format = JobNames.Parse<TaggingFormat>(data.Format),
                    WithCharacters = job.Model.Characters is not null,
                    Columns = new ConllColumnsOptions { Token = data.TagColumns.Token, Features = data.TagColumns.Features, Tag = data.TagColumns.Tag },
                    MaxLength = data.MaxLength,
                    Normalize = NormalizeOf(data),
                },
                data),
            TaskKind.Forecasting => ForecastingOf(job),
            TaskKind.WordVectors => WithTokens(
                new WordVectorDataOptions
                {
                    Train = SourceOf(data.Train),
                    Window = job.Model.Window,
                    Subsample = data.Subsample,
                    Analogies = data.Analogies is null ? null : SourceOf(data.Analogies),
                    Similarities = data.Similarities is null ? null : SourceOf(data.Similarities),
                },
                data),
            TaskKind.Translation => TranslationOf(data),
            _ => throw new ArgumentException($"The task {JobNames.Of(job.Task)} has no data in this version.", nameof(job)),
        };
        return options with
        {
            Valid = (data.ValidFiles.Source ?? data.Valid) is { } valid ? SourceOf(valid) : null,
            Test = (data.TestFiles.Source ?? data.Test) is { } test ? SourceOf(test) : null,
            Split = SplitOf(data.Split),
        };
    }

    /// <summary>A path of a job as a source: a file, or text inside the product.</summary>
    /// <param name="path">The path, or <see cref="DataSection.BuiltInPrefix"/> and a name.</param>
    /// <exception cref="InvalidInputException">There is no such built-in data.</exception>
    public static TextSource SourceOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return BuiltInData.IsReference(path) ? TextSource.FromText(path, BuiltInData.TextOf(path)) : TextSource.FromFile(path);
    }

    /// <summary>The job with the digests of the files that were read for it, for a run's <c>job.yaml</c>.</summary>
    /// <param name="job">The job.</param>
    /// <param name="files">Every file that was read.</param>
    public static JobOptions WithDigests(JobOptions job, IEnumerable<SourceFile> files)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(files);
        var digests = job.Data.Sha256.Clear().ToBuilder();
        foreach (var file in files)
            digests[file.Name] = file.Sha256;
        return job with { Data = job.Data with { Sha256 = digests.ToImmutable() } };
    }

    /// <summary>Refuses files that are not those a job was tied to by <c>data.sha256</c>; a job without digests takes any.</summary>
    /// <param name="job">The job.</param>
    /// <param name="files">Every file that was read.</param>
    /// <exception cref="InvalidInputException">A file differs, is missing, or was not there before.</exception>
    public static void CheckDigests(JobOptions job, IEnumerable<SourceFile> files)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(files);
        var known = job.Data.Sha256;
        if (known.Count == 0)
            return;
        var missing = known.Keys.ToHashSet(StringComparer.Ordinal);
        foreach (var file in files)
        {
            if (!known.TryGetValue(file.Name, out var digest))
                throw new InvalidInputException($"{file.Name} is not among the files that 'data.sha256' lists; take that key out to train on other data.");
            if (!string.Equals(digest, file.Sha256, StringComparison.Ordinal))
                throw new InvalidInputException($"{file.Name} has the SHA-256 {file.Sha256}, but 'data.sha256' says {digest}: the data has changed. Take that key out to train on other data.");
            missing.Remove(file.Name);
        }
        if (missing.Count > 0)
            throw new InvalidInputException($"{missing.Order(StringComparer.Ordinal).First()} is listed in 'data.sha256', but it was not read; take that key out to train on other data.");
    }

    private static TokenDataOptions WithTokens(TokenDataOptions options, DataSection data) => options with
    {
        Tokens = JobNames.Parse<TokenKind>(data.Tokens),
        Vocabulary = data.Vocabulary,
        MinCount = data.MinCount,
        Lowercase = data.Lowercase,
        ZeroDigits = data.Digits == "zero",
    };

    private static ForecastingDataOptions ForecastingOf(JobOptions job)
    {
        var data = job.Data;
        return new ForecastingDataOptions
        {
            Train = SourceOf(data.Train),
            Format = JobNames.Parse<ForecastingFormat>(data.Format),
            Columns = data.Columns,
            Targets = data.Targets,
            ColumnsApart = data.ColumnsApart,
            TimeColumn = data.TimeColumn,
            Series = data.Series,
            Time = data.Time,
            Value = data.Value,
            Wide = data.Wide,
            InputLength = data.InputLength,
            Horizon = data.Horizon,
            Season = data.Season,
            Normalize = NormalizeOf(data) ?? NormalizeKind.Standard,
            TimeFeatures = [.. data.TimeFeatures.Select(JobNames.Parse<TimeFeature>)],
            Base = JobNames.Parse<KnownForecast>(job.Model.Residual),
        };
    }

    private static TranslationDataOptions TranslationOf(DataSection data) => new()
    {
        Train = SourceOf(data.TrainFiles.Source ?? data.Train),
        TrainTarget = data.TrainFiles.Target is { } train ? SourceOf(train) : null,
        ValidTarget = data.ValidFiles.Target is { } valid ? SourceOf(valid) : null,
        TestTarget = data.TestFiles.Target is { } test ? SourceOf(test) : null,
        Separator = data.Separator,
        SourceTokens = JobNames.Parse<TokenKind>(data.SourceTokens),
        TargetTokens = JobNames.Parse<TokenKind>(data.TargetTokens),
        SourceVocabulary = data.SourceVocabulary,
        TargetVocabulary = data.TargetVocabulary,
        MinCount = data.MinCount,
        Lowercase = data.Lowercase,
        ZeroDigits = data.Digits == "zero",
        MaxLength = data.MaxLength,
        ReverseSource = data.ReverseSource,
        StartToken = data.StartToken,
        EndToken = data.EndToken,
        References = JobNames.Parse<ReferenceKind>(data.References),
    };

    private static NormalizeKind? NormalizeOf(DataSection data) => data.Normalize is { } name ? JobNames.Parse<NormalizeKind>(name) : null;

    private static SplitOptions? SplitOf(SplitSection split) => split.Train is not { } train ? null : new SplitOptions
    {
        Train = train.Amount,
        Valid = split.Valid?.Amount,
        Test = split.Test?.Amount,
        InRows = train.IsRows,
        Order = JobNames.Parse<SplitOrder>(split.Order),
    };
}
