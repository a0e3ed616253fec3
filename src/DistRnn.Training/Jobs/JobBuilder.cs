using System.Collections.Immutable;
using DistRnn.Data;
using DistRnn.Numerics;
using DistRnn.Optimizers;

namespace DistRnn.Training;

/// <summary>Lays assignments over a job, layer by layer, and then fills in and checks what depends on several keys.</summary>
/// <param name="start">The job to begin with.</param>
internal sealed class JobBuilder(JobOptions start)
{
    private readonly Dictionary<string, string> _said = new(StringComparer.Ordinal);
    private JobOptions _job = start;
    private bool _isHiddenOne = true;

    /// <summary>Adds a layer, which wins over those before it.</summary>
    /// <param name="layer">Its assignments.</param>
    public void Add(IEnumerable<JobAssignment> layer)
    {
        var (epochs, steps) = ((string?)null, (string?)null);
        foreach (var assignment in layer)
        {
            var path = assignment.Key.Path;
            _job = assignment.Key.Set(_job, assignment.Value);
            _said[path] = assignment.Where;
            DropOtherForm(path, assignment.Value);
            if (path == "training.epochs")
                epochs = assignment.Where;
            if (path == "training.steps")
                steps = assignment.Where;
            if (path == "model.hidden")
                _isHiddenOne = ((ImmutableArray<int>)assignment.Value!).Length == 1;
        }
        if (epochs is not null && steps is not null)
            throw new InvalidInputException($"{steps}: 'training.steps' stands beside 'training.epochs' ({epochs}); give one of them.");
        if ((epochs ?? steps) is not null)
            _said.Remove(epochs is null ? "training.epochs" : "training.steps");
    }

    /// <summary>The finished job.</summary>
    /// <param name="source">What messages call the job where no key is to blame.</param>
    /// <exception cref="InvalidInputException">Keys contradict each other, one is missing, or one has no meaning beside the others.</exception>
    public JobOptions Build(string source)
    {
        if (_job.Data.Train.Length == 0 && !_job.Data.TrainFiles.IsGiven)
            throw new InvalidInputException($"{source} has no key 'data.train'; a job needs training data.");
        FillLayers();
        FillDecoder();
        FillColumns();
        foreach (var key in JobSchema.KeysOf(_job.Task))
        {
            if (_said.TryGetValue(key.Path, out var where) && !key.IsShorthand && !key.Applies(_job) && JobComparison.TextOf(key, _job) != JobComparison.TextOf(key, JobOptions.DefaultsOf(_job.Task)))
                throw new InvalidInputException($"{where}: '{key.Path}' is {JobComparison.TextOf(key, _job)}, but it has a meaning only {key.AppliesWhen}.");
        }
        CheckParts();
        CheckColumns();
        CheckTraining();
        if (_job.Task == TaskKind.Translation && _job.Data.EndToken is null && _job.Data.MaxLength is null)
            throw Wrong("data.end-token", "is none, so that 'data.max-length' ends a target; give it");
        if (_job.Data.Tokens == "byte" && _job.Model.Dropout.Words > 0)
            throw Wrong("model.dropout.words", "makes tokens unknown, but with 'data.tokens: byte' there is no unknown token; allowed is 0");
        return _job;
    }

    /// <summary>A part is one file or two: the form that is said last is the one that counts.</summary>
    private void DropOtherForm(string path, object? value)
    {
        if (value is null)
            return;
        _job = path switch
        {
            "data.train" => _job with { Data = _job.Data with { TrainFiles = new() } },
            "data.valid" => _job with { Data = _job.Data with { ValidFiles = new() } },
            "data.test" => _job with { Data = _job.Data with { TestFiles = new() } },
            "data.train.source" or "data.train.target" => _job with { Data = _job.Data with { Train = "" } },
            "data.valid.source" or "data.valid.target" => _job with { Data = _job.Data with { Valid = null } },
            "data.test.source" or "data.test.target" => _job with { Data = _job.Data with { Test = null } },
            _ => _job,
        };
    }

    private void FillLayers()
    {
        var (hidden, layers) = (_job.Model.Hidden, _job.Model.Layers);
        if (hidden.IsEmpty)
            throw Wrong("model.hidden", "is an empty list; allowed is one whole number, or one a layer");
        if (_said.ContainsKey("model.hidden") && !_isHiddenOne)
        {
            if (_said.TryGetValue("model.layers", out var where) && layers != hidden.Length)
                throw Wrong("model.hidden", $"lists {hidden.Length} layers, but 'model.layers' ({where}) is {layers}");
            layers = hidden.Length;
        }
        if (hidden.Length != layers)
        {
            if (hidden.Any(units => units != hidden[0]))
                throw Wrong("model.layers", $"is {layers}, but 'model.hidden' has {hidden.Length} different entries");
            hidden = [.. Enumerable.Repeat(hidden[0], layers)];
        }
        _job = _job with { Model = _job.Model with { Hidden = hidden, Layers = layers } };
    }

    private void FillDecoder()
    {
        foreach (var (part, files) in new[] { ("train", _job.Data.TrainFiles), ("valid", _job.Data.ValidFiles), ("test", _job.Data.TestFiles) })
        {
            if (files is { Source: not null, Target: null })
                throw Wrong($"data.{part}.source", $"stands without 'data.{part}.target'; give both, or one file of pairs as 'data.{part}'");
            if (files is { Source: null, Target: not null })
                throw Wrong($"data.{part}.target", $"stands without 'data.{part}.source'; give both, or one file of pairs as 'data.{part}'");
        }
        var (units, layers) = (_job.Model.DecoderHidden, _job.Model.Layers);
        if (units.IsEmpty || units.Length == layers)
            return;
        if (units.Length > 1)
            throw Wrong("model.decoder-hidden", $"has {units.Length} entries, but the encoder has {layers} layers; allowed is one whole number, or one a layer");
        _job = _job with { Model = _job.Model with { DecoderHidden = [.. Enumerable.Repeat(units[0], layers)] } };
    }

    private void FillColumns()
    {
        if (_job.Task == TaskKind.Tagging)
            FillTagColumns();
        var data = _job.Data;
        if (_job.Task == TaskKind.Forecasting && data.TimeColumn is null && data.Time is null)
        {
            if (_said.ContainsKey("data.time-features") && !data.TimeFeatures.IsEmpty)
                throw Wrong("data.time-features", "needs a column of times: 'data.time-column' (csv) or 'data.time' (panel)");
            _job = _job with { Data = data with { TimeFeatures = [] } };
        }
    }

    private void FillTagColumns()
    {
        var columns = _job.Data.TagColumns;
        if (_job.Data.Format != "conll")
            columns = columns with { Features = [] };
        else if (!_said.ContainsKey("data.columns.features") && (_said.ContainsKey("data.columns.token") || _said.ContainsKey("data.columns.tag")))
            columns = columns with { Features = [] };
        _job = _job with { Data = _job.Data with { TagColumns = columns } };
        if (!_said.ContainsKey("model.feature-embedding") && _job.Model.FeatureEmbedding.Length != columns.Features.Length)
            _job = _job with { Model = _job.Model with { FeatureEmbedding = [.. Enumerable.Repeat(32, columns.Features.Length)] } };
    }

    private void CheckColumns()
    {
        if (_job.Task != TaskKind.Tagging)
            return;
        var columns = _job.Data.TagColumns;
        ImmutableArray<int> all = [columns.Token, .. columns.Features, columns.Tag];
        if (_job.Data.Format == "conll" && all.Distinct().Count() != all.Length)
            throw Wrong("data.columns", $"reads one column twice: token {columns.Token}, features [{string.Join(", ", columns.Features)}], tag {columns.Tag}");
        if (_job.Model.FeatureEmbedding.Length != columns.Features.Length)
            throw Wrong("model.feature-embedding", $"has {_job.Model.FeatureEmbedding.Length} sizes, but 'data.columns.features' has {columns.Features.Length} columns");
    }

    private void CheckParts()
    {
        var (data, split) = (_job.Data, _job.Data.Split);
        if (_said.ContainsKey("data.split.order") && !split.IsGiven && split.Order != JobOptions.DefaultsOf(_job.Task).Data.Split.Order)
            throw Wrong("data.split.order", "has a meaning only beside 'data.split.parts'");
        if (split.IsGiven && split.Train is null)
            throw Wrong("data.split", "has no 'parts.train'; say how much is trained on");
        if ((data.Valid is not null || data.ValidFiles.IsGiven) && split.Valid is not null)
            throw Wrong("data.valid", "stands beside 'data.split.parts.valid'; give one of them");
        if ((data.Test is not null || data.TestFiles.IsGiven) && split.Test is not null)
            throw Wrong("data.test", "stands beside 'data.split.parts.test'; give one of them");
        SplitPart[] parts = [.. new[] { split.Train, split.Valid, split.Test }.OfType<SplitPart>()];
        if (parts.Select(part => part.IsRows).Distinct().Count() > 1)
            throw Wrong("data.split.parts", "mixes fractions and rows; allowed are only fractions (with a decimal point) or only whole numbers of rows");
        if (parts.Length > 0 && !parts[0].IsRows && parts.Sum(part => part.Amount) > 1 + 1e-9)
            throw Wrong("data.split.parts", $"add up to {JobValueText.Of(Math.Round(parts.Sum(part => part.Amount), 9))}; allowed is 1 at most");
        if (_job.Data.Sha256.Values.FirstOrDefault(hash => hash.Length != 64 || !hash.All(char.IsAsciiHexDigitLower)) is { } wrong)
            throw Wrong("data.sha256", $"has '{wrong}'; allowed are 64 hexadecimal digits in lower case");
    }

    private void CheckTraining()
    {
        var training = _job.Training;
        Located("training.optimizer", () => UpdateRule.Parse(training.Optimizer, training.WeightDecay));
        var schedule = Located("training.schedule", () => Schedule.Parse(training.Schedule));
        if (training.BalancedClassWeights && _job.Task == TaskKind.Tagging && _job.Model.TagOutput == TagOutputKind.Crf)
            throw Wrong("training.class-weights", "weighs single tags, but with 'model.output: crf' a whole sentence has one loss; allowed is none");
        if (_job.Data.HasValid)
            return;
        if (schedule.NeedsValidation)
            throw Wrong("training.schedule", $"is '{training.Schedule}', which needs a validation part: 'data.valid' or 'data.split.parts.valid'");
        if (training.Patience is not null)
            throw Wrong("training.patience", "needs a validation part: 'data.valid' or 'data.split.parts.valid'");
        if (_said.ContainsKey("training.keep") && training.Keep == KeepKind.Best)
            throw Wrong("training.keep", "is 'best', which needs a validation part: 'data.valid' or 'data.split.parts.valid'; allowed without one is last");
        _job = _job with { Training = training with { Keep = KeepKind.Last } };
    }

    private T Located<T>(string path, Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (InvalidInputException error) when (_said.TryGetValue(path, out var where))
        {
            throw new InvalidInputException($"{where}: {error.Message}", error);
        }
    }

    private InvalidInputException Wrong(string path, string reason)
    {
        var where = _said.Where(pair => pair.Key == path || pair.Key.StartsWith(path + ".", StringComparison.Ordinal) || path.StartsWith(pair.Key + ".", StringComparison.Ordinal)).Select(pair => pair.Value).FirstOrDefault();
        return new InvalidInputException($"{where ?? _job.Name}: '{path}' {reason}.");
    }
}
