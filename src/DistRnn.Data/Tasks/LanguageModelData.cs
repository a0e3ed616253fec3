using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>The data of a language model: each part one stream of tokens, whose targets are the next tokens.</summary>
public sealed class LanguageModelData : TaskData
{
    private readonly LanguageModelDataOptions _options;
    private readonly Vocabulary _vocabulary;
    private readonly Dictionary<PartKind, TokenStream> _parts;
    private readonly Dictionary<PartKind, PartDescription> _descriptions = [];

    private LanguageModelData(LanguageModelDataOptions options, Vocabulary vocabulary, Dictionary<PartKind, TokenStream> parts, ImmutableArray<SourceFile> files)
    {
        (_options, _vocabulary, _parts, Files) = (options, vocabulary, parts, files);
        Vocabularies = [vocabulary];
        using var digest = new ContentDigest("language-model");
        digest.Add(vocabulary.Tokens);
        foreach (var (part, stream) in parts)
        {
            digest.Add(part.ToString());
            stream.AddTo(digest);
            _descriptions[part] = new PartDescription(part, 1, stream.Length, stream.Length - 1, options.Tokens == TokenKind.Byte ? 0 : CountUnknown(stream), 0, stream.Length);
        }
        Digest = digest.Finish();
    }

    /// <inheritdoc/>
    public override ImmutableArray<Vocabulary> Vocabularies { get; }

    /// <inheritdoc/>
    public override int ValueSize => 0;

    /// <inheritdoc/>
    public override TargetKind TargetKind => TargetKind.ClassPerStep;

    /// <inheritdoc/>
    public override int Outputs => _vocabulary.Count;

    /// <inheritdoc/>
    public override ImmutableArray<string> ClassNames => _vocabulary.Tokens;

    /// <inheritdoc/>
    public override ImmutableArray<long> LabelCounts => _vocabulary.Counts;

    /// <inheritdoc/>
    public override string Digest { get; }

    /// <inheritdoc/>
    public override bool Has(PartKind part) => _parts.ContainsKey(part);

    /// <inheritdoc/>
    public override PartDescription Describe(PartKind part) => _descriptions[part];

    /// <inheritdoc/>
    public override ITrainingPlan CreateTrainingPlan(ulong seed, int batch, int shards, int? window) =>
        new StreamTrainingPlan(_parts[PartKind.Train], batch, shards, window ?? 35);

    /// <inheritdoc/>
    public override IEvaluationPlan CreateEvaluationPlan(PartKind part, int batch) => new StreamEvaluationPlan(_parts[part]);

    /// <inheritdoc/>
    public override void SaveState(string directory) => _vocabulary.Write(Path.Combine(directory, StateFiles.Vocabulary));

    /// <summary>
    /// The tokens of a text, as the training text was read: words (each line's end, marked by a line feed, is <c>&lt;eos&gt;</c>; a text that does not
    /// end in one has none at its end), characters or UTF-8 bytes. Unknown tokens are <c>&lt;unk&gt;</c>.
    /// </summary>
    /// <param name="text">The text; empty gives no token.</param>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var table = new TokenTable();
        var tokenizer = new Tokenizer(_options.Tokens, _options.Lowercase, _options.ZeroDigits, table);
        var numbers = new List<int>();
        if (_options.Tokens == TokenKind.Byte)
        {
            tokenizer.Cut(text, numbers);
            return [.. numbers];
        }
        var line = 0L;
        if (_options.Tokens == TokenKind.Word)
        {
            tokenizer.CutWords(text, numbers, table.NumberOf(Vocabulary.EndOfSentence), ref line, "the text");
            tokenizer.EndWord(numbers);
        }
        else
        {
            tokenizer.Chars(text, numbers);
        }
        var map = table.MapTo(_vocabulary);
        return [.. numbers.Select(number => map[number])];
    }

    /// <summary>The text of tokens: words with blanks between them and a line feed for <c>&lt;eos&gt;</c>; characters; or bytes as UTF-8, what is not replaced by U+FFFD.</summary>
    /// <param name="tokens">Ids, each at least 0 and below the vocabulary's size.</param>
    public string Decode(ReadOnlySpan<int> tokens)
    {
        if (_options.Tokens == TokenKind.Byte)
        {
            var bytes = new byte[tokens.Length];
            for (var i = 0; i < bytes.Length; i++)
                bytes[i] = checked((byte)tokens[i]);
            return Encoding.UTF8.GetString(bytes);
        }
        var text = new StringBuilder();
        foreach (var id in tokens)
        {
            var token = _vocabulary.Tokens[id];
            if (_options.Tokens == TokenKind.Word && token == Vocabulary.EndOfSentence)
            {
                text.Append('\n');
                continue;
            }
            if (_options.Tokens == TokenKind.Word && text.Length > 0 && text[^1] != '\n')
                text.Append(' ');
            text.Append(token);
        }
        return text.ToString();
    }

    /// <summary>The stream of a part.</summary>
    internal TokenStream StreamOf(PartKind part) => _parts[part];

    internal static LanguageModelData LoadNew(LanguageModelDataOptions options, IProgress<DataProgress>? progress)
    {
        CheckOptions(options);
        var reading = new Reading(options, progress);
        var train = reading.Read(options.Train, "the training data");
        var ends = Shares.Ends(options.Split, train.Length, options.Train.Name, "tokens");
        var ranges = new List<(PartKind Part, TokenChunks Chunks, long Start, long Length)> { (PartKind.Train, train, 0, ends.Train) };
        AddPart(PartKind.Valid, options.Valid, options.Split?.Valid, ends.Train, ends.Valid);
        AddPart(PartKind.Test, options.Test, options.Split?.Test, ends.Valid, ends.Test);
        var vocabulary = options.Tokens == TokenKind.Byte
            ? new Vocabulary(Vocabulary.Bytes.Tokens, [.. train.Counts(0, ends.Train, 256)])
            : reading.Table.Fit(train.Counts(0, ends.Train, reading.Table.Count), Specials(options), options.Vocabulary, options.MinCount);
        return reading.Finish(options, vocabulary, ranges);

        void AddPart(PartKind part, TextSource? source, double? share, long start, long end)
        {
            PartNames.CheckOnce(part, source, share);
            if (source is not null)
            {
                var chunks = reading.Read(source, $"the {PartNames.Of(part)} data");
                ranges.Add((part, chunks, 0, chunks.Length));
            }
            else if (share is not null)
            {
                ranges.Add((part, train, start, end - start));
            }
        }
    }

    internal static LanguageModelData LoadSaved(LanguageModelDataOptions options, string stateDirectory, TextSource? source, IProgress<DataProgress>? progress)
    {
        CheckOptions(options);
        var vocabulary = Vocabulary.Read(TextSource.FromFile(Path.Combine(stateDirectory, StateFiles.Vocabulary)));
        var reading = new Reading(options, progress);
        if (source is null)
            return reading.Finish(options, vocabulary, []);
        var chunks = reading.Read(source, "the data");
        return reading.Finish(options, vocabulary, [(PartKind.Test, chunks, 0, chunks.Length)]);
    }

    private static string[] Specials(LanguageModelDataOptions options) =>
        options.Tokens == TokenKind.Word ? [Vocabulary.Unknown, Vocabulary.EndOfSentence] : [Vocabulary.Unknown];

    private static void CheckOptions(LanguageModelDataOptions options)
    {
        TokenChecks.Check(options, specials: Specials(options).Length);
        if (options.Split?.Order is not (null or SplitOrder.File))
            throw new InvalidInputException("data.split.order is " + options.Split.Order.ToString()!.ToLowerInvariant() + "; a language model's text is one stream and is cut in the order of the file (file).");
    }

    private static long CountUnknown(TokenStream stream)
    {
        var unknown = 0L;
        var block = new int[1 << 14];
        for (long done = 0; done < stream.Length; done += block.Length)
        {
            var ids = block.AsSpan(0, (int)Math.Min(block.Length, stream.Length - done));
            stream.CopyTo(done, ids);
            unknown += ids.Count(0);
        }
        return unknown;
    }

    /// <summary>Files on their way to streams: one table of tokens for all of them.</summary>
    private sealed class Reading(LanguageModelDataOptions options, IProgress<DataProgress>? progress)
    {
        private readonly List<SourceFile> _files = [];
        private Tokenizer? _tokenizer;

        public TokenTable Table { get; } = new();

        public TokenChunks Read(TextSource source, string what)
        {
            _tokenizer ??= new Tokenizer(options.Tokens, options.Lowercase, options.ZeroDigits, Table);
            var chunks = new TokenChunks(source.Name);
            using var reader = new SourceReader(source, progress);
            switch (options.Tokens)
            {
                case TokenKind.Byte:
                    ReadBytes(reader, chunks);
                    break;
                case TokenKind.Char:
                    ReadChars(reader, chunks);
                    break;
                default:
                    ReadWords(reader, chunks, source.Name);
                    break;
            }
            _files.Add(reader.Finish());
            if (chunks.Length < 2)
                throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"{source.Name}, {what}, has {chunks.Length} tokens; a language model needs at least 2, one to predict the other from."));
            return chunks;
        }

        public LanguageModelData Finish(LanguageModelDataOptions options, Vocabulary vocabulary, List<(PartKind Part, TokenChunks Chunks, long Start, long Length)> ranges)
        {
            var map = options.Tokens == TokenKind.Byte ? [.. Enumerable.Range(0, 256)] : Table.MapTo(vocabulary);
            var parts = new Dictionary<PartKind, TokenStream>();
            foreach (var (part, chunks, start, length) in ranges)
            {
                if (length < 2)
                    throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"data.split.parts leaves {length} tokens to {PartNames.Of(part)}; a language model needs at least 2."));
                parts.Add(part, TokenStream.Pack(chunks, start, length, map, vocabulary.Count));
            }
            return new LanguageModelData(options, vocabulary, parts, [.. _files]);
        }

        private void ReadBytes(SourceReader reader, TokenChunks chunks)
        {
            var block = new byte[1 << 16];
            for (var count = reader.ReadBytes(block); count > 0; count = reader.ReadBytes(block))
            {
                foreach (var b in block.AsSpan(0, count))
                    chunks.Add(_tokenizer!.NumberOfByte(b));
            }
        }

        private void ReadChars(SourceReader reader, TokenChunks chunks)
        {
            var numbers = new List<int>();
            for (var block = reader.ReadBlock(); !block.IsEmpty; block = reader.ReadBlock())
            {
                _tokenizer!.Chars(block, numbers);
                chunks.Add(numbers);
                numbers.Clear();
            }
        }

        private void ReadWords(SourceReader reader, TokenChunks chunks, string name)
        {
            var numbers = new List<int>();
            var endOfLine = Table.NumberOf(Vocabulary.EndOfSentence);
            var (line, last, first) = (0L, '\n', true);
            for (var block = reader.ReadBlock(); !block.IsEmpty; block = reader.ReadBlock())
            {
                if (first && block[0] == '\ufeff')
                    block = block[1..];
                first = false;
                _tokenizer!.CutWords(block, numbers, endOfLine, ref line, name);
                chunks.Add(numbers);
                numbers.Clear();
                last = block.IsEmpty ? last : block[^1];
            }
            _tokenizer!.EndWord(numbers);
            if (last != '\n')
                numbers.Add(endOfLine);
            chunks.Add(numbers);
        }
    }
}
