using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>
/// Tokens and their ids. The specials stand first (<c>&lt;unk&gt;</c> is 0; of a language model of words <c>&lt;eos&gt;</c> is 1; of translations
/// <c>&lt;pad&gt;</c>, <c>&lt;unk&gt;</c>, <c>&lt;bos&gt;</c>, <c>&lt;eos&gt;</c>), then the others by how
/// often the training part has them, ties to the first seen. Labels are one too, without specials and in the order first seen.
/// </summary>
/// <remarks>
/// As a file: UTF-8, a token a line in the order of ids, optionally a tab and its count. Inside a token a backslash is written <c>\\</c>, and control
/// characters <c>\n \r \t</c> or <c>\u</c> and four hexadecimal digits; any other backslash stands for itself. Immutable.
/// </remarks>
public sealed class Vocabulary
{
    /// <summary>The token that stands for all that are not in the vocabulary.</summary>
    public const string Unknown = "<unk>";

    /// <summary>The token at the end of every line of a language model of words.</summary>
    public const string EndOfSentence = "<eos>";

    /// <summary>What a decoder reads at first, where a translation job names nothing else.</summary>
    public const string Start = "<bos>";

    /// <summary>The token that fills up; the first of a translation job's vocabularies.</summary>
    public const string Padding = "<pad>";

    private readonly Dictionary<string, int> _ids;

    internal Vocabulary(ImmutableArray<string> tokens, ImmutableArray<long> counts)
    {
        (Tokens, Counts) = (tokens, counts);
        _ids = new Dictionary<string, int>(tokens.Length, StringComparer.Ordinal);
        for (var id = 0; id < tokens.Length; id++)
            _ids.TryAdd(tokens[id], id);
    }

    /// <summary>The tokens in the order of their ids.</summary>
    public ImmutableArray<string> Tokens { get; }

    /// <summary>How often the training part has each token; 0 where it is not known.</summary>
    public ImmutableArray<long> Counts { get; }

    /// <summary>How many tokens there are.</summary>
    public int Count => Tokens.Length;

    /// <summary>Bytes as a vocabulary: id 0 to 255, written <c>0x00</c> to <c>0xff</c>.</summary>
    internal static Vocabulary Bytes { get; } = new([.. Enumerable.Range(0, 256).Select(b => b.ToString("x2", CultureInfo.InvariantCulture)).Select(b => "0x" + b)], [.. new long[256]]);

    /// <summary>The id of a token, or -1.</summary>
    /// <param name="token">The token.</param>
    public int IdOf(string token) => _ids.TryGetValue(token, out var id) ? id : -1;

    /// <summary>Reads a vocabulary file.</summary>
    /// <param name="source">The file.</param>
    /// <exception cref="InvalidInputException">It is missing, empty, not UTF-8, or has a token twice or a count that is not a number.</exception>
    public static Vocabulary Read(TextSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var tokens = ImmutableArray.CreateBuilder<string>();
        var counts = ImmutableArray.CreateBuilder<long>();
        var lineOf = new Dictionary<string, long>(StringComparer.Ordinal);
        using var lines = new LineReader(source);
        while (lines.TryRead(out var line))
        {
            var tab = line.LastIndexOf('\t');
            var count = 0L;
            if (tab >= 0 && !long.TryParse(line[(tab + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out count))
                throw lines.Error($"\"{line[(tab + 1)..]}\" is not a count; a line is a token, or a token, a tab and how often it occurs");
            var token = Unescape(tab < 0 ? line : line[..tab]);
            if (token.Length == 0)
                throw lines.Error("there is no token");
            if (!lineOf.TryAdd(token, lines.Line))
                throw lines.Error($"the token \"{Escape(token)}\" already stands in line {lineOf[token]}");
            tokens.Add(token);
            counts.Add(count);
        }
        if (tokens.Count == 0)
            throw new InvalidInputException($"{source.Name} is empty; a vocabulary has a token a line.");
        return new Vocabulary(tokens.ToImmutable(), counts.ToImmutable());
    }

    /// <summary>Writes a vocabulary file, with counts.</summary>
    /// <param name="path">The file; one that exists is replaced.</param>
    public void Write(string path)
    {
        using var writer = new StreamWriter(path, append: false, new UTF8Encoding(false)) { NewLine = "\n" };
        for (var id = 0; id < Count; id++)
        {
            writer.Write(Escape(Tokens[id]));
            writer.Write('\t');
            writer.WriteLine(Counts[id].ToString(CultureInfo.InvariantCulture));
        }
    }

    internal static string Escape(string token)
    {
        if (!token.AsSpan().ContainsAny("\\\u2028\u2029\ufeff") && !token.Any(char.IsControl))
            return token;
        var text = new StringBuilder();
        foreach (var c in token)
        {
            _ = c switch
            {
                '\\' => text.Append(@"\\"),
                '\n' => text.Append(@"\n"),
                '\r' => text.Append(@"\r"),
                '\t' => text.Append(@"\t"),
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' or '\ufeff' => text.Append(@"\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)),
                _ => text.Append(c),
            };
        }
        return text.ToString();
    }

    internal static string Unescape(ReadOnlySpan<char> text)
    {
        if (!text.Contains('\\'))
            return text.ToString();
        var token = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            var next = text[i] == '\\' && i + 1 < text.Length ? text[i + 1] : '\0';
            if (next is '\\' or 'n' or 'r' or 't')
            {
                token.Append(next switch { 'n' => '\n', 'r' => '\r', 't' => '\t', _ => '\\' });
                i++;
            }
            else if (next == 'u' && i + 6 <= text.Length
                && ushort.TryParse(text.Slice(i + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
            {
                token.Append((char)code);
                i += 5;
            }
            else
            {
                token.Append(text[i]);
            }
        }
        return token.ToString();
    }
}
