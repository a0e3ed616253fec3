using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>
/// One side of all pairs: its sequences as provisional numbers, which stay, since a reference may have words that the vocabulary does not, and the
/// vocabulary with the id of every number.
/// </summary>
internal sealed class PairSide
{
    private readonly Tokenizer _tokenizer;
    private readonly TokenTable _table = new();
    private readonly TokenKind _kind;
    private readonly List<int> _numbers = [];
    private readonly List<int> _starts = [0];
    private readonly List<int> _cut = [];
    private int[] _ids = [];
    private Vocabulary? _vocabulary;

    public PairSide(TokenKind kind, bool lowercase, bool zeroDigits)
    {
        _kind = kind;
        _tokenizer = new Tokenizer(kind, lowercase, zeroDigits, _table);
        for (var b = 0; b < 256 && kind == TokenKind.Byte; b++)
            _table.NumberOf(Vocabulary.Bytes.Tokens[b]);
    }

    /// <summary>Sequences so far.</summary>
    public int Count => _starts.Count - 1;

    /// <summary>The vocabulary, once it is set.</summary>
    public Vocabulary Vocabulary => _vocabulary!;

    /// <summary>Appends a text, cut to so many tokens, and says how many it has.</summary>
    public int Add(ReadOnlySpan<char> text, int most)
    {
        _cut.Clear();
        _tokenizer.Cut(text, _cut);
        var count = Math.Min(_cut.Count, most);
        _numbers.AddRange(CollectionsMarshal.AsSpan(_cut)[..count]);
        _starts.Add(_numbers.Count);
        return count;
    }

    /// <summary>Fits the vocabulary on some sequences.</summary>
    /// <param name="sequences">Those of the training part.</param>
    /// <param name="specials">What stands first.</param>
    /// <param name="size">The most entries, or null.</param>
    /// <param name="minCount">How often a token must occur.</param>
    public void Fit(int[] sequences, ReadOnlySpan<string> specials, int? size, int minCount)
    {
        var counts = new long[_table.Count];
        foreach (var sequence in sequences)
            foreach (var number in NumbersOf(sequence))
                counts[number]++;
        if (_kind != TokenKind.Byte)
        {
            Use(_table.Fit(counts, specials, size, minCount));
            return;
        }
        Use(new Vocabulary([.. specials, .. Vocabulary.Bytes.Tokens], [.. new long[specials.Length], .. counts]));
    }

    /// <summary>Takes a vocabulary over.</summary>
    public void Use(Vocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        _ids = _table.MapTo(vocabulary, vocabulary.IdOf(Vocabulary.Unknown));
    }

    /// <summary>Tokens of a sequence.</summary>
    public int LengthOf(int sequence) => _starts[sequence + 1] - _starts[sequence];

    /// <summary>A sequence's provisional numbers.</summary>
    public ReadOnlySpan<int> NumbersOf(int sequence) => CollectionsMarshal.AsSpan(_numbers)[_starts[sequence].._starts[sequence + 1]];

    /// <summary>The id of a provisional number.</summary>
    public int IdOf(int number) => _ids[number];

    /// <summary>A sequence's tokens as they were read.</summary>
    public ImmutableArray<string> TokensOf(int sequence)
    {
        var tokens = ImmutableArray.CreateBuilder<string>(LengthOf(sequence));
        foreach (var number in NumbersOf(sequence))
            tokens.Add(_table.Tokens[number]);
        return tokens.MoveToImmutable();
    }

    /// <summary>Tokens as text: words with blanks between them, characters and bytes one after another.</summary>
    public static string TextOf(TokenKind kind, IEnumerable<string> tokens) => kind switch
    {
        TokenKind.Word => string.Join(' ', tokens),
        TokenKind.Char => string.Concat(tokens),
        _ => Encoding.UTF8.GetString([.. tokens.Select(token => Vocabulary.Bytes.IdOf(token)).Where(id => id >= 0).Select(id => (byte)id)]),
    };

    public void AddTo(ContentDigest digest, int sequence)
    {
        var ids = NumbersOf(sequence).ToArray();
        for (var i = 0; i < ids.Length; i++)
            ids[i] = _ids[ids[i]];
        digest.Add<int>(ids);
    }
}
