using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>The data of a translation job: pairs of a source and a target, each side with a vocabulary of its own.</summary>
/// <remarks>
/// A vocabulary begins with <c>&lt;pad&gt;</c>, <c>&lt;unk&gt;</c>, <c>&lt;bos&gt;</c> and <c>&lt;eos&gt;</c>; the target's also with the job's own start and
/// end token where they are others. In a batch the target's tokens are what a decoder reads, the start first, and its targets what it is to say, the end last.
/// </remarks>
public sealed class TranslationData : TaskData
{
    private const string SourceFileName = "source.vocabulary.txt";
    private const string TargetFileName = "target.vocabulary.txt";

    private readonly TranslationDataOptions _options;
    private readonly PairSide _source;
    private readonly PairSide _target;
    private readonly Dictionary<PartKind, PairPart> _parts = [];
    private readonly Dictionary<PartKind, Dictionary<string, List<int>>> _groups = [];

    private TranslationData(TranslationDataOptions options, PairSide source, PairSide target, Dictionary<PartKind, int[]> parts, bool withTargets, IEnumerable<SourceFile> files)
    {
        (_options, _source, _target, WithTargets) = (options, source, target, withTargets);
        Files = [.. files];
        StartToken = IdOf(options.StartToken);
        EndToken = options.EndToken is { } end ? IdOf(end) : null;
        foreach (var (part, sequences) in parts)
            _parts.Add(part, new PairPart(source, target, sequences, new PairForm(withTargets, options.ReverseSource, StartToken, EndToken)));
        Digest = MakeDigest();
    }

    /// <inheritdoc/>
    public override ImmutableArray<Vocabulary> Vocabularies => [_source.Vocabulary, _target.Vocabulary];

    /// <inheritdoc/>
    public override int ValueSize => 0;

    /// <inheritdoc/>
    public override TargetKind TargetKind => TargetKind.SequencePerSequence;

    /// <inheritdoc/>
    public override int Outputs => _target.Vocabulary.Count;

    /// <inheritdoc/>
    public override ImmutableArray<string> ClassNames => _target.Vocabulary.Tokens;

    /// <inheritdoc/>
    public override ImmutableArray<long> LabelCounts => [];

    /// <inheritdoc/>
    public override string Digest { get; }

    /// <summary>Whether there are targets.</summary>
    public bool WithTargets { get; }

    /// <summary>What a decoder reads at first.</summary>
    public int StartToken { get; }

    /// <summary>The token that ends a target; null where only the length does.</summary>
    public int? EndToken { get; }

    /// <summary>The unknown token of either side.</summary>
    public const int UnknownOfSides = 1;

    /// <summary>The most tokens of a target, its end included; null where the data sets no limit.</summary>
    public int? LongestTarget => _options.MaxLength;

    /// <summary>Whether sources are read from their end.</summary>
    public bool ReverseSource => _options.ReverseSource;

    internal static TranslationData LoadNew(TranslationDataOptions options, ulong seed, IProgress<DataProgress>? progress)
    {
        Check(options);
        var (source, target, files) = NewSides(options);
        var reader = new PairReader(options, source, target, files, progress);
        PartNames.CheckOnce(PartKind.Valid, options.Valid, options.Split?.Valid);
        PartNames.CheckOnce(PartKind.Test, options.Test, options.Split?.Test);
        var parts = new Dictionary<PartKind, int[]> { [PartKind.Train] = reader.Read(options.Train, options.TrainTarget, true) };
        var valid = options.Valid is { } validSource ? reader.Read(validSource, options.ValidTarget, true) : null;
        var test = options.Test is { } testSource ? reader.Read(testSource, options.TestTarget, true) : null;
        if (options.Split is { } split)
        {
            if (split.Order == SplitOrder.Stratified)
                throw new InvalidInputException("data.split.order is stratified, which is for classification; a pair has no class. Use file or shuffled.");
            var all = parts[PartKind.Train];
            var cut = SequenceSplit.Of(split, split.Order ?? SplitOrder.Shuffled, new int[all.Length], seed, options.Train.Name);
            parts[PartKind.Train] = cut.Train;
            valid ??= split.Valid is null ? null : cut.Valid;
            test ??= split.Test is null ? null : cut.Test;
        }
        if (valid is not null)
            parts[PartKind.Valid] = valid;
        if (test is not null)
            parts[PartKind.Test] = test;
        foreach (var (part, sequences) in parts)
            if (sequences.Length == 0)
                throw new InvalidInputException($"data.split.parts leaves no pair to {PartNames.Of(part)}.");
        string[] specials = [Vocabulary.Padding, Vocabulary.Unknown, Vocabulary.Start, Vocabulary.EndOfSentence];
        source.Fit(parts[PartKind.Train], specials, options.SourceVocabulary, options.MinCount);
        target.Fit(parts[PartKind.Train], [.. specials.Append(options.StartToken).Append(options.EndToken ?? options.StartToken).Distinct()], options.TargetVocabulary, options.MinCount);
        return new TranslationData(options, source, target, parts, true, files);
    }

    internal static TranslationData LoadSaved(TranslationDataOptions options, string stateDirectory, TextSource? file, bool withTargets, IProgress<DataProgress>? progress)
    {
        Check(options);
        var (source, target, files) = NewSides(options);
        var parts = new Dictionary<PartKind, int[]>();
        if (file is not null)
            parts[PartKind.Test] = new PairReader(options, source, target, files, progress).Read(file, null, withTargets);
        source.Use(Vocabulary.Read(TextSource.FromFile(Path.Combine(stateDirectory, SourceFileName))));
        target.Use(Vocabulary.Read(TextSource.FromFile(Path.Combine(stateDirectory, TargetFileName))));
        return new TranslationData(options, source, target, parts, withTargets, files);
    }

    /// <inheritdoc/>
    public override bool Has(PartKind part) => _parts.ContainsKey(part);

    /// <inheritdoc/>
    public override PartDescription Describe(PartKind part)
    {
        var (steps, targets, unknown, longest) = (0L, 0L, 0L, 0);
        var pairs = _parts[part];
        for (var index = 0; index < pairs.Count; index++)
        {
            steps += pairs.LengthOf(index);
            longest = Math.Max(longest, pairs.LengthOf(index));
            targets += WithTargets ? pairs.TargetLengthOf(index) : 0;
            foreach (var number in _source.NumbersOf(pairs.Sequences[index]))
                unknown += _source.IdOf(number) == UnknownOfSides ? 1 : 0;
        }
        return new PartDescription(part, pairs.Count, steps, targets, unknown, 0, longest);
    }

    /// <inheritdoc/>
    public override ITrainingPlan CreateTrainingPlan(ulong seed, int batch, int shards, int? window)
    {
        if (window is not null)
            throw new InvalidInputException(FormattableString.Invariant($"training.window is {window}; independent sequences are read whole (full)."));
        return new SequenceTrainingPlan(_parts[PartKind.Train], seed, batch, shards);
    }

    /// <inheritdoc/>
    public override IEvaluationPlan CreateEvaluationPlan(PartKind part, int batch) => new SequenceEvaluationPlan(_parts[part], batch);

    /// <inheritdoc/>
    public override void SaveState(string directory)
    {
        _source.Vocabulary.Write(Path.Combine(directory, SourceFileName));
        _target.Vocabulary.Write(Path.Combine(directory, TargetFileName));
    }

    /// <summary>The source of a pair, its tokens as they were read, from its beginning.</summary>
    /// <param name="part">One that <see cref="Has"/>.</param>
    /// <param name="index">The pair's index in the part.</param>
    public ImmutableArray<string> SourceOf(PartKind part, long index) => _source.TokensOf(_parts[part].Sequences[checked((int)index)]);

    /// <summary>The targets that are right for a pair, as they were read: its own, or with grouped references those of all pairs of the part with this source.</summary>
    /// <param name="part">One that <see cref="Has"/>.</param>
    /// <param name="index">The pair's index in the part.</param>
    /// <returns>At least one; empty where the source stood before and was answered there.</returns>
    public ImmutableArray<ImmutableArray<string>> ReferencesOf(PartKind part, long index)
    {
        var pairs = _parts[part];
        if (_options.References == ReferenceKind.Single)
            return [_target.TokensOf(pairs.Sequences[checked((int)index)])];
        var group = GroupsOf(part)[KeyOf(pairs.Sequences[checked((int)index)])];
        return group[0] == index ? [.. group.Select(member => _target.TokensOf(pairs.Sequences[member]))] : [];
    }

    /// <summary>Tokens of the target as text: words with blanks between them, characters and bytes one after another.</summary>
    /// <param name="tokens">The tokens.</param>
    public string TargetText(IEnumerable<string> tokens) => PairSide.TextOf(_options.TargetTokens, tokens);

    private Dictionary<string, List<int>> GroupsOf(PartKind part)
    {
        lock (_groups)
        {
            if (_groups.TryGetValue(part, out var known))
                return known;
            var groups = new Dictionary<string, List<int>>(StringComparer.Ordinal);
            for (var index = 0; index < _parts[part].Count; index++)
            {
                var key = KeyOf(_parts[part].Sequences[index]);
                if (!groups.TryGetValue(key, out var members))
                    groups.Add(key, members = []);
                members.Add(index);
            }
            return _groups[part] = groups;
        }
    }

    private string KeyOf(int sequence) => string.Join('\n', _source.TokensOf(sequence));

    private static (PairSide Source, PairSide Target, List<SourceFile> Files) NewSides(TranslationDataOptions options) =>
        (new PairSide(options.SourceTokens, options.Lowercase, options.ZeroDigits), new PairSide(options.TargetTokens, options.Lowercase, options.ZeroDigits), []);

    private static void Check(TranslationDataOptions options)
    {
        if (options.Separator.Length == 0)
            throw new InvalidInputException("data.separator is empty; something stands between a source and its target.");
        if (options.MinCount < 1)
            throw new InvalidInputException(FormattableString.Invariant($"data.min-count is {options.MinCount}; it is at least 1."));
        if (options.MaxLength is { } most && most < (options.EndToken is null ? 1 : 2))
            throw new InvalidInputException(FormattableString.Invariant($"data.max-length is {most}; it is at least {(options.EndToken is null ? 1 : 2)}, or none."));
        if (options.EndToken is null && options.MaxLength is null)
            throw new InvalidInputException("data.end-token is none, so nothing ends a target; give data.max-length, or an end token.");
        CheckSize("source", options.SourceVocabulary, options.SourceTokens);
        CheckSize("target", options.TargetVocabulary, options.TargetTokens);
    }

    private static void CheckSize(string side, int? size, TokenKind kind)
    {
        if (size is not { } most)
            return;
        if (kind == TokenKind.Byte)
            throw new InvalidInputException(FormattableString.Invariant($"data.{side}-vocabulary is {most}, but all 256 bytes are in the vocabulary; leave it out."));
        if (most < 6)
            throw new InvalidInputException(FormattableString.Invariant($"data.{side}-vocabulary is {most}; it is at least 6, for the special tokens."));
    }

    private int IdOf(string token) => _target.Vocabulary.IdOf(token) is >= 0 and var id ? id
        : throw new InvalidInputException($"The target vocabulary has no token {Vocabulary.Escape(token)}, which data.start-token or data.end-token names.");

    private string MakeDigest()
    {
        using var digest = new ContentDigest("translation");
        digest.Add(_source.Vocabulary.Tokens);
        digest.Add(_target.Vocabulary.Tokens);
        digest.Add([_options.ReverseSource ? 1UL : 0UL, (ulong)StartToken, (ulong)((EndToken ?? -1) + 1)]);
        foreach (var (part, pairs) in _parts)
        {
            digest.Add(part.ToString());
            foreach (var sequence in pairs.Sequences)
            {
                _source.AddTo(digest, sequence);
                _target.AddTo(digest, sequence);
            }
        }
        return digest.Finish();
    }
}
