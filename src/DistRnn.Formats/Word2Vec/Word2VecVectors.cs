using System.Collections.Immutable;

namespace DistRnn.Formats;

/// <summary>Words and their vectors, as the files of word2vec hold them.</summary>
/// <param name="Words">The words, in the order of the file; none is empty or has white space in it.</param>
/// <param name="Dimensions">Floats of a vector, at least 1.</param>
/// <param name="Values">The vectors, [words, <paramref name="Dimensions"/>], row by row.</param>
public sealed record Word2VecVectors(ImmutableArray<string> Words, int Dimensions, float[] Values)
{
    /// <summary>A word's vector, [<see cref="Dimensions"/>].</summary>
    /// <param name="index">The word's place in <see cref="Words"/>.</param>
    public ReadOnlySpan<float> VectorOf(int index) => Values.AsSpan(index * Dimensions, Dimensions);
}
