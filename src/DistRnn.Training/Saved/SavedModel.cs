using System.Collections.Immutable;
using DistRnn.Data;
using DistRnn.Formats;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// A trained model with everything that it needs to be used: its job, its network, its vocabularies, labels and scales. Opened from a run directory,
/// whether it was trained or imported.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class SavedModel : IDisposable
{
    private readonly ComputeTeam _team;
    private readonly INetworkComputer _computer;
    private readonly FloatBuffer _parameters;
    private readonly string _stateDirectory;
    private readonly TaskData _state;

    private SavedModel(JobOptions job, string stateDirectory, TaskData state, INetwork network, FloatBuffer parameters, long step, int threads)
    {
        (Job, _stateDirectory, _state, Network, _parameters, Step) = (job, stateDirectory, state, network, parameters, step);
        Fingerprint = Numerics.Fingerprint.Of(network.Parameters, parameters);
        _team = new ComputeTeam(TrainingSetup.ThreadsOf(job, threads));
        _computer = network.CreateComputer(_team);
        _computer.SetParameters(parameters);
    }

    /// <summary>The job that it was trained by.</summary>
    public JobOptions Job { get; }

    /// <summary>What it is made of.</summary>
    public INetwork Network { get; }

    /// <summary>The step that its parameters are of.</summary>
    public long Step { get; }

    /// <summary>The fingerprint of its parameters, 64 hex digits.</summary>
    public string Fingerprint { get; }

    internal FloatBuffer Parameters => _parameters;

    internal ImmutableArray<Vocabulary> Vocabularies => _state.Vocabularies;

    internal TaskData State => _state;

    /// <summary>Opens the kept model of a run, or that of a checkpoint.</summary>
    /// <param name="runDirectory">The run directory.</param>
    /// <param name="checkpoint">A checkpoint: a step's number, <c>step-N</c> or its directory; null for the kept model.</param>
    /// <param name="threads">Threads that compute; 0 for the job's own setting.</param>
    /// <exception cref="InvalidInputException">The directory is not a run, or what is asked for is not there or damaged.</exception>
    public static SavedModel Open(string runDirectory, string? checkpoint = null, int threads = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(runDirectory);
        FloatEnvironment.Verify();
        var directory = RunDirectory.At(runDirectory);
        var job = ModelFiles.ReadJob(directory);
        var state = TaskData.LoadForUse(JobData.OptionsOf(job), directory.Model, null);
        FloatBuffer? parameters = null;
        try
        {
            var network = ModelFiles.NetworkOf(job, state);
            parameters = new FloatBuffer(network.Parameters.Count);
            var step = checkpoint is null
                ? ModelFiles.ReadParameters(directory, network.Parameters, parameters)
                : CheckpointKeeper.ReadParameters(directory, checkpoint, network.Parameters, parameters);
            return new SavedModel(job, directory.Model, state, network, parameters, step, threads);
        }
        catch
        {
            parameters?.Dispose();
            state.Dispose();
            throw;
        }
    }

    /// <summary>The metrics on the validation and test parts of the job's own data; what the run's summary says, to the bit.</summary>
    /// <param name="progress">Who watches.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="InvalidInputException">The data cannot be read, is not what the model was made for, or has neither part.</exception>
    public IReadOnlyList<PartMetrics> Evaluate(ITrainingProgress progress, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(progress);
        using var data = TaskData.Load(JobData.OptionsOf(Job), Job.Seed, new LoadingRelay(progress));
        JobData.CheckDigests(Job, data.Files);
        CheckSameState(data);
        var parts = ((PartKind[])[PartKind.Valid, PartKind.Test]).Where(data.Has).ToArray();
        if (parts.Length == 0)
            throw new InvalidInputException("The job's data has neither a validation nor a test part; name a file with --data.");
        return [.. parts.Select(part => Evaluate(data, part, part.ToString().ToLowerInvariant(), progress, cancellation))];
    }

    /// <summary>The metrics on a new file, in the form of the job's training data.</summary>
    /// <param name="file">The file, a directory where the job's format is one, or a reference of <see cref="BuiltInData"/>.</param>
    /// <param name="progress">Who watches.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="InvalidInputException">The file cannot be read as the job's data is.</exception>
    public PartMetrics Evaluate(string file, ITrainingProgress progress, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        ArgumentNullException.ThrowIfNull(progress);
        using var data = TaskData.LoadForUse(JobData.OptionsOf(Job), _stateDirectory, JobData.SourceOf(file), true, new LoadingRelay(progress));
        return Evaluate(data, PartKind.Test, file, progress, cancellation);
    }

    /// <summary>What the model says of every sequence of a file, a JSON object each: a class with all probabilities, tags, or a forecast in original units.</summary>
    /// <param name="file">The file, with labels or without, or a reference of <see cref="BuiltInData"/>.</param>
    /// <param name="progress">Who watches the reading.</param>
    /// <param name="line">Takes one line of JSON; lines come in the file's order.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="InvalidInputException">The file cannot be read, or the model is a language model.</exception>
    public void Predict(string file, ITrainingProgress progress, Action<string> line, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        ArgumentNullException.ThrowIfNull(progress);
        ArgumentNullException.ThrowIfNull(line);
        if (Job.Task == TaskKind.WordVectors)
            throw new InvalidInputException("The model is vectors of words, which predict nothing of a file; 'neighbors' shows what they know and 'evaluate' measures them.");
        if (Job.Task == TaskKind.LanguageModel)
            throw new InvalidInputException("The model is a language model, which predicts nothing of a file; 'generate' continues a text and 'evaluate' measures one.");
        if (Job.Task == TaskKind.Translation)
            throw new InvalidInputException("The model is a translator; 'translate' turns lines into lines and 'evaluate' measures a file of pairs.");
        using var data = LoadToPredict(file, progress);
        var plan = data.CreateEvaluationPlan(PartKind.Test, Job.Training.Batch);
        var writer = PredictionLines.Of(data);
        var lines = new string[plan.Sequences / writer.SequencesPerLine];
        new Evaluator(Network, _computer).Predict(plan, Use, cancellation);
        foreach (var text in lines)
            line(text);

        void Use(int shard, SequenceBatch batch, Predictions predictions)
        {
            for (var row = 0; row < batch.Rows; row++)
                if (writer.LineOf(batch, row, predictions) is { } text)
                    lines[batch.RowIds[row] / writer.SequencesPerLine] = text;
        }
    }

    /// <summary>Translates texts.</summary>
    /// <param name="lines">The sources, a line each; an empty one stays empty.</param>
    /// <param name="beam">Hypotheses that go on at a time, at least 1; null for the job's <c>model.decode</c>.</param>
    /// <returns>A translation for each, in their order.</returns>
    /// <exception cref="InvalidInputException">The model is no translator, or the beam is out of its range.</exception>
    public ImmutableArray<Translation> Translate(IReadOnlyList<string> lines, int? beam = null)
    {
        ArgumentNullException.ThrowIfNull(lines);
        if (Job.Task != TaskKind.Translation)
            throw new InvalidInputException($"The model's task is {JobNames.Of(Job.Task)}; only a translation model translates.");
        if (beam is < 1 or > 1000)
            throw new InvalidInputException(FormattableString.Invariant($"--beam is {beam}; allowed is 1 to 1000."));
        int[] full = [.. Enumerable.Range(0, lines.Count).Where(i => lines[i].AsSpan().TrimEnd('\r').Length > 0 && (Job.Data.SourceTokens != "word" || !string.IsNullOrWhiteSpace(lines[i])))];
        var translations = Enumerable.Repeat(new Translation("", [], [], 0, []), lines.Count).ToArray();
        if (full.Length == 0)
            return [.. translations];
        var text = string.Concat(full.Select(i => lines[i] + "\n"));
        using var data = (TranslationData)TaskData.LoadForUse(JobData.OptionsOf(Job), _stateDirectory, TextSource.FromText("standard input", text), withTargets: false);
        var plan = data.CreateEvaluationPlan(PartKind.Test, Job.Training.Batch);
        var (translator, batch) = (new Translator(Network, _computer), new SequenceBatch());
        for (var shard = 0; shard < plan.Shards; shard++)
        {
            plan.Fill(shard, batch);
            var found = translator.Translate(data, PartKind.Test, batch, beam);
            for (var row = 0; row < batch.Rows; row++)
                translations[full[batch.RowIds[row]]] = found[row];
        }
        return [.. translations];
    }

    /// <summary>Continues a text; the same options give the same text on every machine.</summary>
    /// <param name="options">How.</param>
    /// <returns>The generated text, without the prompt, piece by piece.</returns>
    /// <exception cref="InvalidInputException">The model is no language model, or an option is out of its range.</exception>
    public IEnumerable<string> Generate(GenerationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (_state is not LanguageModelData text)
            throw new InvalidInputException($"The model's task is {JobNames.Of(Job.Task)}; only a language model generates text.");
        if (options.Length < 0)
            throw new InvalidInputException($"--length is {options.Length}; allowed is 0 or more.");
        if (!(options.Temperature >= 0) || !double.IsFinite(options.Temperature))
            throw new InvalidInputException(FormattableString.Invariant($"--temperature is {options.Temperature}; allowed is 0 or more."));
        return new TextGenerator(text, Network, _computer).Generate(options);
    }

    /// <summary>Writes the parameters as safetensors with PyTorch's names and layouts, so that <c>load_state_dict</c> takes them.</summary>
    /// <param name="path">The file; one that exists is replaced.</param>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    public void Export(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            ModelFiles.WriteSafetensors(Path.GetFullPath(path), Network.Parameters, _parameters, Step);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be written: {error.Message}", error);
        }
    }

    /// <summary>Writes the vectors of words in a format of word2vec: binary where the file's name ends in <c>.bin</c>, text otherwise.</summary>
    /// <param name="path">The file; one that exists is replaced.</param>
    /// <returns>How many words were written.</returns>
    /// <exception cref="InvalidInputException">The model has no vectors of words, or the file cannot be written.</exception>
    public int ExportWord2Vec(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var vectors = Vectors();
        try
        {
            AtomicFile.Write(Path.GetFullPath(path), stream => Word2VecWriter.Write(stream, vectors, path.EndsWith(".bin", StringComparison.OrdinalIgnoreCase)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be written: {error.Message}", error);
        }
        return vectors.Words.Length;
    }

    /// <summary>The vectors of words: word vectors, or the embedding of the first column of tokens.</summary>
    /// <returns>Words of the vocabulary, most frequent first, with their vectors; of word vectors without the unknown word and the line's end.</returns>
    /// <exception cref="InvalidInputException">The model has neither, or a token that is no word.</exception>
    public Word2VecVectors Vectors()
    {
        if (!Network.Parameters.TryGet("in.weight", out var tensor) && !Network.Parameters.TryGet("embedding.weight", out tensor))
            throw new InvalidInputException($"The model's task is {JobNames.Of(Job.Task)} and it has no vectors of words; its tensors are {string.Join(", ", Network.Parameters.Tensors.Select(info => info.Name))}.");
        var tokens = _state.Vocabularies[0].Tokens;
        int[] kept = _state is WordVectorData words ? [.. Enumerable.Range(0, tokens.Length).Where(id => words.WordCounts[id] > 0)] : [.. Enumerable.Range(0, tokens.Length).Where(id => !tokens[id].Any(char.IsWhiteSpace))];
        var all = new float[tensor.Count];
        ParameterTable.Export(tensor, _parameters, all);
        var values = new float[(long)kept.Length * tensor.RowSize];
        for (var i = 0; i < kept.Length; i++)
            all.AsSpan(kept[i] * tensor.RowSize, tensor.RowSize).CopyTo(values.AsSpan(i * tensor.RowSize));
        return new Word2VecVectors([.. kept.Select(id => tokens[id])], tensor.RowSize, values);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _computer.Dispose();
        _team.Dispose();
        _parameters.Dispose();
        _state.Dispose();
    }

    private PartMetrics Evaluate(TaskData data, PartKind part, string name, ITrainingProgress progress, CancellationToken cancellation)
    {
        foreach (var warning in data.Describe(part).Warnings)
            progress.Note(warning);
        var metrics = new Evaluator(Network, _computer).Evaluate(data, part, Job.Training.Batch, progress, cancellation);
        return new PartMetrics(name, metrics);
    }

    private void CheckSameState(TaskData data)
    {
        for (var column = 0; column < data.Vocabularies.Length; column++)
            if (!data.Vocabularies[column].Tokens.SequenceEqual(_state.Vocabularies[column].Tokens))
                throw new InvalidInputException("The job's training data gives another vocabulary than the model was made with, so its parts cannot be read for it. Name the file to evaluate with --data.");
        if (data.Characters is { } characters && !characters.Tokens.SequenceEqual(_state.Characters!.Tokens))
            throw new InvalidInputException("The job's training data gives other characters than the model was made with, so its parts cannot be read for it. Name the file to evaluate with --data.");
        if (!data.ClassNames.SequenceEqual(_state.ClassNames))
            throw new InvalidInputException("The job's training data gives other classes than the model was made with, so its parts cannot be read for it. Name the file to evaluate with --data.");
    }

    private TaskData LoadToPredict(string file, ITrainingProgress progress)
    {
        var (options, source) = (JobData.OptionsOf(Job), JobData.SourceOf(file));
        if (Job.Task != TaskKind.Forecasting)
        {
            try
            {
                var labelled = TaskData.LoadForUse(options, _stateDirectory, source, true, new LoadingRelay(progress));
                var part = labelled.Describe(PartKind.Test);
                if (part.UnknownLabels < (Job.Task == TaskKind.Classification ? part.Sequences : part.Steps))
                    return labelled;
                labelled.Dispose();
            }
            catch (InvalidInputException)
            {
                // The file has no labels, or is malformed; reading it without labels says which.
            }
        }
        return TaskData.LoadForUse(options, _stateDirectory, source, false, new LoadingRelay(progress));
    }
}

/// <summary>The metrics of one part or file.</summary>
/// <param name="Part">The part's name, or the file.</param>
/// <param name="Metrics">The figures.</param>
public sealed record PartMetrics(string Part, MetricSet Metrics);
