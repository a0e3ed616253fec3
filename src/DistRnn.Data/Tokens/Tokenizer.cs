using System.Globalization;
using System.Text;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>
/// Cuts text in tokens and says their provisional numbers. It works over blocks, so that a text of any length passes through; the only thing it keeps is
/// the word, or half of a surrogate pair, that a block ended in.
/// </summary>
internal sealed class Tokenizer(TokenKind kind, bool lowercase, bool zeroDigits, TokenTable table)
{
    /// <summary>The longest word in characters; something longer is not a text of words.</summary>
    public const int MaxWordChars = 1 << 16;

    private readonly int[] _numberOfChar = kind == TokenKind.Char ? [.. Enumerable.Repeat(-1, 1 << 16)] : [];
    private readonly char[] _word = new char[MaxWordChars];
    private int _wordLength;
    private char _highSurrogate;

    public TokenTable Table => table;

    /// <summary>Cuts a whole text, as a line of a file: its words, characters or UTF-8 bytes.</summary>
    public void Cut(ReadOnlySpan<char> text, List<int> numbers)
    {
        switch (kind)
        {
            case TokenKind.Word:
                for (var word = NextWord(ref text); !word.IsEmpty; word = NextWord(ref text))
                    numbers.Add(NumberOfWord(word));
                break;
            case TokenKind.Char:
                Chars(text, numbers);
                break;
            default:
                foreach (var b in Encoding.UTF8.GetBytes(text.ToString()))
                    numbers.Add(NumberOfByte(b));
                break;
        }
    }

    /// <summary>Cuts the next block of a stream of words, each line's end being a word too.</summary>
    /// <exception cref="InvalidInputException">A word is longer than <see cref="MaxWordChars"/>.</exception>
    public void CutWords(ReadOnlySpan<char> block, List<int> numbers, int endOfLine, ref long line, string name)
    {
        foreach (var c in block)
        {
            if (!char.IsWhiteSpace(c))
            {
                if (_wordLength == MaxWordChars)
                    throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"{name}, line {line + 1}: a word is longer than {MaxWordChars} characters. For a text without white space use tokens: char or byte."));
                _word[_wordLength++] = c;
                continue;
            }
            EndWord(numbers);
            if (c == '\n')
            {
                numbers.Add(endOfLine);
                line++;
            }
        }
    }

    /// <summary>Ends the word that the last block ended in.</summary>
    public void EndWord(List<int> numbers)
    {
        if (_wordLength > 0)
            numbers.Add(NumberOfWord(_word.AsSpan(0, _wordLength)));
        _wordLength = 0;
    }

    /// <summary>Cuts the next block of a stream of characters.</summary>
    public void Chars(ReadOnlySpan<char> block, List<int> numbers)
    {
        foreach (var c in block)
        {
            if (char.IsHighSurrogate(c))
                _highSurrogate = c;
            else if (char.IsLowSurrogate(c))
                numbers.Add(NumberOfPair(_highSurrogate, c));
            else
                numbers.Add(NumberOfChar(c));
        }
    }

    public int NumberOfByte(byte b)
    {
        if (lowercase && b is >= (byte)'A' and <= (byte)'Z')
            return b + ('a' - 'A');
        return zeroDigits && b is >= (byte)'0' and <= (byte)'9' ? '0' : b;
    }

    public int NumberOfWord(ReadOnlySpan<char> word)
    {
        if (!lowercase && !zeroDigits)
            return table.NumberOf(word);
        var changed = word.Length <= 256 ? stackalloc char[word.Length] : new char[word.Length];
        if (lowercase)
            word.ToLowerInvariant(changed);
        else
            word.CopyTo(changed);
        if (zeroDigits)
        {
            foreach (ref var c in changed)
                c = char.IsDigit(c) ? '0' : c;
        }
        // The specials are written in lower case already, so that they pass through here as they are.
        return table.NumberOf(changed);
    }

    private static ReadOnlySpan<char> NextWord(ref ReadOnlySpan<char> text)
    {
        var start = 0;
        while (start < text.Length && char.IsWhiteSpace(text[start]))
            start++;
        var end = start;
        while (end < text.Length && !char.IsWhiteSpace(text[end]))
            end++;
        var word = text[start..end];
        text = text[end..];
        return word;
    }

    private int NumberOfChar(char c)
    {
        ref var number = ref _numberOfChar[c];
        if (number >= 0)
            return number;
        var changed = lowercase ? char.ToLowerInvariant(c) : c;
        if (zeroDigits && char.IsDigit(changed))
            changed = '0';
        return number = table.NumberOf([changed]);
    }

    private int NumberOfPair(char high, char low)
    {
        var rune = new Rune(high, low);
        if (lowercase)
            rune = Rune.ToLowerInvariant(rune);
        if (zeroDigits && Rune.IsDigit(rune))
            return NumberOfChar('0');
        Span<char> pair = stackalloc char[2];
        return table.NumberOf(pair[..rune.EncodeToUtf16(pair)]);
    }
}
