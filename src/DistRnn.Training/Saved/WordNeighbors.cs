using System.Collections.Immutable;
using DistRnn.Formats;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>A word that is added to or taken from a sum of vectors.</summary>
/// <param name="Word">The word.</param>
/// <param name="IsAdded">Whether it is added.</param>
public readonly record struct WordTerm(string Word, bool IsAdded);

/// <summary>A sum of words whose neighbours are wanted, such as <c>king - man + woman</c>; mostly one word.</summary>
/// <param name="Terms">The words, at least one.</param>
public sealed record WordQuestion(ImmutableArray<WordTerm> Terms)
{
    /// <summary>Reads questions: words between blanks are questions of their own, and those that <c>+</c> or <c>-</c> joins are one.</summary>
    /// <param name="text">The text; the signs stand between blanks.</param>
    /// <exception cref="InvalidInputException">There is no word, or a sign without one behind it.</exception>
    public static ImmutableArray<WordQuestion> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var questions = ImmutableArray.CreateBuilder<WordQuestion>();
        var (terms, sign) = (ImmutableArray.CreateBuilder<WordTerm>(), (string?)null);
        foreach (var cell in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (cell is "+" or "-")
            {
                sign = sign is null ? cell : throw new InvalidInputException($"'{text}' has two signs one after another; allowed are words, and + or - between them.");
                continue;
            }
            if (sign is null && terms.Count > 0)
            {
                questions.Add(new WordQuestion(terms.ToImmutable()));
                terms.Clear();
            }
            terms.Add(new WordTerm(cell, sign != "-"));
            sign = null;
        }
        if (sign is not null || terms.Count == 0)
            throw new InvalidInputException(terms.Count == 0 ? "There is no word to look for." : $"'{text}' ends in a sign; a word belongs behind it.");
        questions.Add(new WordQuestion(terms.ToImmutable()));
        return questions.ToImmutable();
    }

    /// <summary>The question as <see cref="Parse"/> reads it.</summary>
    public override string ToString() => string.Join(' ', Terms.Select((term, i) => i == 0 && term.IsAdded ? term.Word : $"{(term.IsAdded ? '+' : '-')} {term.Word}"));
}

/// <summary>A near word, and how near it is.</summary>
/// <param name="Word">The word.</param>
/// <param name="Similarity">The cosine, -1 to 1.</param>
public readonly record struct NearWord(string Word, double Similarity);

/// <summary>The nearest words of a model's vectors of words.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class WordNeighbors : IDisposable
{
    private readonly ImmutableArray<string> _words;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly WordVectorSpace _space;

    /// <summary>Takes a model's vectors.</summary>
    /// <param name="model">The model; stays the caller's and is not needed any more.</param>
    /// <exception cref="InvalidInputException">The model has no vectors of words.</exception>
    public WordNeighbors(SavedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Word2VecVectors vectors = model.Vectors();
        _words = vectors.Words;
        for (var id = 0; id < _words.Length; id++)
            _ids.TryAdd(_words[id], id);
        _space = new WordVectorSpace(vectors.Values, vectors.Dimensions, [.. Enumerable.Range(0, _words.Length)]);
    }

    /// <summary>The words nearest to a sum of words' vectors of length 1, the nearest first; the question's own words are passed over.</summary>
    /// <param name="question">The question.</param>
    /// <param name="count">How many at most, at least 1.</param>
    /// <exception cref="InvalidInputException">A word is unknown.</exception>
    public IReadOnlyList<NearWord> Nearest(WordQuestion question, int count)
    {
        ArgumentNullException.ThrowIfNull(question);
        var (sum, own) = (new float[_space.Dimensions], new int[question.Terms.Length]);
        for (var i = 0; i < own.Length; i++)
        {
            var term = question.Terms[i];
            if (!_ids.TryGetValue(term.Word, out own[i]) && !_ids.TryGetValue(term.Word.ToLowerInvariant(), out own[i]))
                throw new InvalidInputException($"The model does not know the word '{term.Word}'; it knows {_words.Length} words, such as {string.Join(", ", _words.Take(3))}.");
            var vector = _space.VectorOf(own[i]);
            for (var d = 0; d < sum.Length; d++)
                sum[d] += term.IsAdded ? vector[d] : -vector[d];
        }
        return [.. _space.Nearest(sum, own, count).Select(near => new NearWord(_words[near.Word], near.Similarity))];
    }

    /// <inheritdoc/>
    public void Dispose() => _space.Dispose();
}
