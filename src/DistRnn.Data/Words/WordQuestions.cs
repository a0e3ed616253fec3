using System.Collections.Immutable;
using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>A question: A is to B as C is to D.</summary>
/// <param name="Section">The section's index in <see cref="AnalogyQuestions.Sections"/>.</param>
/// <param name="A">A word's id.</param>
/// <param name="B">A word's id.</param>
/// <param name="C">A word's id.</param>
/// <param name="D">The answer's id.</param>
public readonly record struct AnalogyQuestion(int Section, int A, int B, int C, int D);

/// <summary>The analogy questions whose words are all known.</summary>
/// <param name="Sections">The sections' names, in the order of the file; one without a name is called <c>all</c>.</param>
/// <param name="Questions">The questions, in the order of the file.</param>
/// <param name="Skipped">Questions that were left out because a word is unknown.</param>
public sealed record AnalogyQuestions(ImmutableArray<string> Sections, ImmutableArray<AnalogyQuestion> Questions, int Skipped)
{
    /// <summary>Reads questions in the form of word2vec's questions-words.txt. Words are made lower case first.</summary>
    internal static AnalogyQuestions Read(TextSource source, Vocabulary vocabulary, List<SourceFile> files)
    {
        var (sections, questions, skipped) = (new List<string>(), ImmutableArray.CreateBuilder<AnalogyQuestion>(), 0);
        using var lines = new LineReader(source);
        Span<int> ids = stackalloc int[4];
        while (lines.TryRead(out var line))
        {
            var text = line.ToString().ToLowerInvariant();
            var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0)
                continue;
            if (words[0].StartsWith(':'))
            {
                var name = text.Trim()[1..].Trim();
                if (name.Length == 0)
                    throw lines.Error("a section has no name behind its colon");
                sections.Add(name);
                continue;
            }
            if (words.Length != 4)
                throw lines.Error($"there are {words.Length} words; a question has four, and a section begins with a colon");
            if (sections.Count == 0)
                sections.Add("all");
            for (var i = 0; i < 4; i++)
                ids[i] = WordIds.Of(vocabulary, words[i]);
            if (ids.Contains(-1))
                skipped++;
            else
                questions.Add(new AnalogyQuestion(sections.Count - 1, ids[0], ids[1], ids[2], ids[3]));
        }
        files.Add(lines.Finish());
        return new AnalogyQuestions([.. sections], questions.ToImmutable(), skipped);
    }
}

/// <summary>Two words and how similar people find them.</summary>
/// <param name="First">A word's id.</param>
/// <param name="Second">A word's id.</param>
/// <param name="Score">The people's mean; more is more similar.</param>
public readonly record struct WordPair(int First, int Second, double Score);

/// <summary>The pairs of which both words are known.</summary>
/// <param name="Pairs">The pairs, in the order of the file.</param>
/// <param name="Skipped">Pairs that were left out because a word is unknown.</param>
public sealed record WordPairs(ImmutableArray<WordPair> Pairs, int Skipped)
{
    /// <summary>Reads pairs as WordSim-353 has them: two words and a number between white space; lines that begin with # are comments. Words are made lower case first.</summary>
    internal static WordPairs Read(TextSource source, Vocabulary vocabulary, List<SourceFile> files)
    {
        var (pairs, skipped) = (ImmutableArray.CreateBuilder<WordPair>(), 0);
        using var lines = new LineReader(source);
        while (lines.TryRead(out var line))
        {
            var cells = line.ToString().ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (cells.Length == 0 || cells[0].StartsWith('#'))
                continue;
            if (cells.Length != 3 || !double.TryParse(cells[2], NumberStyles.Float, CultureInfo.InvariantCulture, out var score) || !double.IsFinite(score))
                throw lines.Error("two words and a number are expected");
            var (first, second) = (WordIds.Of(vocabulary, cells[0]), WordIds.Of(vocabulary, cells[1]));
            if (first < 0 || second < 0)
                skipped++;
            else
                pairs.Add(new WordPair(first, second, score));
        }
        files.Add(lines.Finish());
        return new WordPairs(pairs.ToImmutable(), skipped);
    }
}

/// <summary>Words as ids, without the specials.</summary>
internal static class WordIds
{
    /// <summary>The specials of a text of words: the unknown word and the line's end.</summary>
    public const int Specials = 2;

    /// <summary>The id of the line's end.</summary>
    public const int EndOfLine = 1;

    /// <summary>The id of a word, or -1 where it is unknown or a special.</summary>
    public static int Of(Vocabulary vocabulary, string word) => vocabulary.IdOf(word) is >= Specials and var id ? id : -1;
}
