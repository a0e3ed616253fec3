using System.Collections.Immutable;

namespace DistRnn.Training;

/// <summary>One cell's line of a <see cref="FlowReport"/>.</summary>
/// <param name="Name">The cell as jobs write it, <c>rnn</c>, <c>lstm</c> or <c>gru</c>; or <c>carousel</c>, the constant error carousel alone.</param>
/// <param name="Norms">
/// The norm of dE/dz_t, element t - 1 for t = 1 to T, T being the longest sequence's steps: a mean over sequences, which are laid with their last steps on T.
/// </param>
public sealed record FlowLine(string Name, ImmutableArray<double> Norms);
