using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// From the states an encoder ends with to those a decoder begins with, and back: a layer's directions side by side where the decoder has as many units,
/// added up, the forward one first, where it has those of one direction. Also the h of the last layer, which the decoder may peek at.
/// </summary>
internal sealed unsafe class StateBridge(EncoderDecoderOptions options) : IDisposable
{
    private readonly NetworkOptions _encoder = EncoderDecoder.EncoderOptionsOf(options);
    private readonly NetworkOptions _decoder = EncoderDecoder.EncoderOptionsOf(options) with { Hidden = options.DecoderUnits, Bidirectional = false };
    private readonly int[] _units = [.. options.DecoderUnits];

    /// <summary>The encoder's states at its end.</summary>
    public LaneState Final { get; private set; } = null!;

    /// <summary>dE/d <see cref="Final"/>.</summary>
    public LaneState FinalGradients { get; private set; } = null!;

    /// <summary>The decoder's states at its start.</summary>
    public LaneState Initial { get; private set; } = null!;

    /// <summary>dE/d <see cref="Initial"/>.</summary>
    public LaneState InitialGradients { get; private set; } = null!;

    /// <summary>Makes states of the decoder for some lanes.</summary>
    /// <param name="lanes">Lanes.</param>
    public LaneState CreateDecoderLanes(int lanes) => new(_decoder, lanes);

    /// <summary>Makes room.</summary>
    /// <param name="sequences">Sequences, at least 1.</param>
    public void Ensure(int sequences)
    {
        if (Final is not null && Final.Lanes >= sequences)
            return;
        Dispose();
        (Final, FinalGradients) = (new LaneState(_encoder, sequences), new LaneState(_encoder, sequences));
        (Initial, InitialGradients) = (new LaneState(_decoder, sequences), new LaneState(_decoder, sequences));
    }

    /// <summary>Sets the decoder's first states of some sequences.</summary>
    /// <param name="start">The first sequence.</param>
    /// <param name="end">Behind the last one.</param>
    public void Forward(int start, int end)
    {
        for (var sequence = start; sequence < end; sequence++)
        {
            for (var layer = 0; layer < options.Hidden.Length; layer++)
            {
                var units = options.Hidden[layer];
                for (var kind = 0; kind < Final.Kinds; kind++)
                {
                    var to = Initial.Of(layer, 0, kind, sequence);
                    new Span<float>(to, _units[layer]).Clear();
                    if (kind > 0 && options.Bridge == BridgeKind.Hidden)
                        continue;
                    for (var direction = 0; direction < options.Directions; direction++)
                        Add(Final.Of(layer, direction, kind, sequence), to + OffsetOf(layer, direction), units);
                }
            }
        }
    }

    /// <summary>Sets dE/d(the encoder's last states) of some sequences.</summary>
    /// <param name="start">The first sequence.</param>
    /// <param name="end">Behind the last one.</param>
    public void Backward(int start, int end)
    {
        for (var sequence = start; sequence < end; sequence++)
        {
            for (var layer = 0; layer < options.Hidden.Length; layer++)
            {
                for (var kind = 0; kind < Final.Kinds; kind++)
                {
                    for (var direction = 0; direction < options.Directions; direction++)
                    {
                        var to = new Span<float>(FinalGradients.Of(layer, direction, kind, sequence), options.Hidden[layer]);
                        if (kind > 0 && options.Bridge == BridgeKind.Hidden)
                            to.Clear();
                        else
                            new ReadOnlySpan<float>(InitialGradients.Of(layer, 0, kind, sequence) + OffsetOf(layer, direction), to.Length).CopyTo(to);
                    }
                }
            }
        }
    }

    /// <summary>Copies the h of the last layer, its directions side by side.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="to">[units in all directions].</param>
    public void Peek(int sequence, float* to)
    {
        var units = options.Hidden[^1];
        for (var direction = 0; direction < options.Directions; direction++)
            new ReadOnlySpan<float>(Final.Of(options.Hidden.Length - 1, direction, 0, sequence), units).CopyTo(new Span<float>(to + direction * units, units));
    }

    /// <summary>Adds to dE/d(the h of the last layer).</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="from">[units in all directions].</param>
    public void PeekBackward(int sequence, float* from)
    {
        var units = options.Hidden[^1];
        for (var direction = 0; direction < options.Directions; direction++)
            Add(from + direction * units, FinalGradients.Of(options.Hidden.Length - 1, direction, 0, sequence), units);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var state in (LaneState?[])[Final, FinalGradients, Initial, InitialGradients])
            state?.Dispose();
    }

    private int OffsetOf(int layer, int direction) => _units[layer] == options.Hidden[layer] ? 0 : direction * options.Hidden[layer];

    private static void Add(float* from, float* to, int count)
    {
        for (var i = 0; i < count; i++)
            to[i] += from[i];
    }
}
