using System.Runtime.InteropServices;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>
/// Files of sequences on their way to a job's data: one table of sequences and one of tokens and labels for all files, so that whatever is fitted on the
/// training part can be applied to every part.
/// </summary>
internal sealed class SequenceReading
{
    private readonly TokenDataOptions _options;
    private readonly int? _maxLength;
    private readonly List<float> _stepValues = [];
    private readonly List<int> _numbers = [];
    private bool? _numeric;

    public SequenceReading(TokenDataOptions options, TokenKind kind, int? maxLength, int featureColumns, bool labelPerStep, bool withTargets, IProgress<DataProgress>? progress)
    {
        (_options, _maxLength, WithTargets, Progress) = (options, maxLength, withTargets, progress);
        Tokens = [.. Enumerable.Range(0, 1 + featureColumns).Select(_ => new TokenTable())];
        Tokenizer = new Tokenizer(kind, options.Lowercase, options.ZeroDigits, Tokens[0]);
        Table = new SequenceTable(1 + featureColumns, labelPerStep);
    }

    public bool WithTargets { get; }

    public IProgress<DataProgress>? Progress { get; }

    public Tokenizer Tokenizer { get; }

    public TokenTable[] Tokens { get; }

    public TokenTable Labels { get; } = new();

    public SequenceTable Table { get; private set; }

    /// <summary>How tokens are spelt, where their characters are read.</summary>
    public SpellingTable? Spellings { get; init; }

    public List<SourceFile> Files { get; } = [];

    /// <summary>Whether the sequences are numbers; null until there is one.</summary>
    public bool? Numeric => _numeric;

    /// <summary>Appends a text and its label.</summary>
    public void AddText(ReadOnlySpan<char> text, string? label, Func<string, InvalidInputException> error)
    {
        SetNumeric(false, error);
        _numbers.Clear();
        Tokenizer.Cut(text, _numbers);
        var length = Math.Min(_numbers.Count, _maxLength ?? int.MaxValue);
        if (length == 0)
            throw error("the text is empty; a sequence has at least one token");
        Table.Tokens[0].AddRange(CollectionsMarshal.AsSpan(_numbers)[..length]);
        Table.End(length);
        AddLabel(label);
    }

    /// <summary>Appends a sequence of tokens with features and labels; a column has the length of the tokens.</summary>
    public void AddTokens(IReadOnlyList<string> tokens, IReadOnlyList<IReadOnlyList<string>> features, IReadOnlyList<string>? labels, Func<string, InvalidInputException> error)
    {
        SetNumeric(false, error);
        var length = Math.Min(tokens.Count, _maxLength ?? int.MaxValue);
        for (var step = 0; step < length; step++)
        {
            Table.Tokens[0].Add(Tokenizer.NumberOfWord(tokens[step]));
            if (Spellings is { } spellings)
                Table.Spellings.Add(spellings.NumberOf(tokens[step]));
            for (var feature = 0; feature < features.Count; feature++)
                Table.Tokens[feature + 1].Add(Tokens[feature + 1].NumberOf(features[feature][step]));
            AddLabel(labels?[step]);
        }
        Table.End(length);
    }

    /// <summary>Appends the sequence of a JSON array of steps, with its label or its labels.</summary>
    public void AddSteps(JsonLines lines, System.Text.Json.JsonElement steps, IReadOnlyList<string>? labels)
    {
        SetNumeric(true, lines.Error);
        if (steps.ValueKind != System.Text.Json.JsonValueKind.Array || steps.GetArrayLength() == 0)
            throw lines.Error($"\"sequence\" is {JsonLines.Describe(steps)}; a list of at least one step is expected");
        var length = 0;
        foreach (var step in steps.EnumerateArray())
        {
            lines.Values(step, length, _stepValues);
            AddStep(length, lines.Error);
            if (++length == _maxLength)
                break;
        }
        EndValues(length, labels);
    }

    /// <summary>Appends a sequence of one value a step, with its label.</summary>
    public void AddValues(List<float> values, string? label, Func<string, InvalidInputException> error)
    {
        SetNumeric(true, error);
        var length = Math.Min(values.Count, _maxLength ?? int.MaxValue);
        Table.ValueSize = 1;
        Table.AddValues(CollectionsMarshal.AsSpan(values)[..length]);
        EndValues(length, [label ?? ""]);
    }

    private void AddStep(int step, Func<string, InvalidInputException> error)
    {
        if (Table.ValueSize == 0)
            Table.ValueSize = _stepValues.Count;
        if (_stepValues.Count == 0)
            throw error(FormattableString.Invariant($"step {step + 1} of \"sequence\" has no values"));
        if (_stepValues.Count != Table.ValueSize)
            throw error(FormattableString.Invariant($"step {step + 1} of \"sequence\" has {_stepValues.Count} values; the steps before it have {Table.ValueSize}"));
        Table.AddValues(CollectionsMarshal.AsSpan(_stepValues));
    }

    private void EndValues(int length, IReadOnlyList<string>? labels)
    {
        Table.End(length);
        for (var i = 0; i < (Table.LabelPerStep ? length : 1); i++)
            AddLabel(labels?[i]);
    }

    private void AddLabel(string? label)
    {
        if (WithTargets)
            Table.Labels.Add(Labels.NumberOf(label));
    }

    private void SetNumeric(bool numeric, Func<string, InvalidInputException> error)
    {
        if (_numeric is null && numeric)
            Table = new SequenceTable(0, Table.LabelPerStep);
        if (_numeric is { } before && before != numeric)
            throw error(numeric ? "the sequence is of numbers; those before it are of tokens" : "the sequence is of tokens; those before it are of numbers");
        _numeric = numeric;
    }
}
