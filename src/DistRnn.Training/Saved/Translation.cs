using System.Collections.Immutable;

namespace DistRnn.Training;

/// <summary>What a model makes of a source.</summary>
/// <param name="Text">The target as text: words with blanks between them, characters and bytes one after another.</param>
/// <param name="Source">The source's tokens as they were read, from its beginning.</param>
/// <param name="Target">The target's tokens, without the end.</param>
/// <param name="Score">The log probability, nats, divided by the number of tokens with the end.</param>
/// <param name="Attention">For each token of <paramref name="Target"/> a weight, 0 to 1, for each of <paramref name="Source"/>; empty without attention.</param>
public sealed record Translation(string Text, ImmutableArray<string> Source, ImmutableArray<string> Target, double Score, ImmutableArray<float[]> Attention);
