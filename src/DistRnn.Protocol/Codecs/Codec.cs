using System.Diagnostics.CodeAnalysis;
using DistRnn.Numerics;
using DistRnn.Optimizers;

namespace DistRnn.Protocol;

/// <summary>
/// How floats of a gradient become bytes and floats again: encode, decode, estimate. A range that is encoded begins where a block of
/// <see cref="ParameterTable.BlockCount"/> floats begins, so how the vector is divided into partitions changes no bit.
/// </summary>
/// <remarks>
/// Immutable and thread-safe; nothing is allocated; all vector widths give the same bits. Numbers are little-endian. What encoding loses, the codecs with
/// <see cref="HasErrorFeedback"/> leave in a residual that the caller keeps (<see cref="ErrorFeedbackState"/>) and gives again with the next gradient
/// (Seide et al. 2014; Karimireddy et al. 2019). A range with values that are not finite arrives as one with values that are not finite.
/// </remarks>
public abstract class Codec
{
    /// <summary>What <see cref="Parse"/> allows, for messages and help.</summary>
    public const string Allowed = "none, bf16, int8, top-k(0.01)";

    private const string Key = "cluster.codec";

    private protected Codec(CodecKind kind) => Kind = kind;

    /// <summary>Floats as they are.</summary>
    public static Codec None { get; } = new PlainCodec();

    /// <summary>Floats rounded to 16 bits at every node of the gradient tree.</summary>
    public static Codec Bfloat16 { get; } = new Bfloat16Codec();

    /// <summary>A signed byte a float.</summary>
    public static Codec Int8 { get; } = new Int8Codec();

    /// <summary>Which codec.</summary>
    public CodecKind Kind { get; }

    /// <summary>Whether a synchronous run with this codec has one right answer.</summary>
    public bool IsReproducible => Kind is CodecKind.None or CodecKind.Bfloat16;

    /// <summary>Whether only single shards may be pushed, never sums over several: what encoding loses is lost once, where the residual is.</summary>
    public bool PushesLeavesOnly => !IsReproducible;

    /// <summary>Whether encoding takes and leaves a residual.</summary>
    public bool HasErrorFeedback => !IsReproducible;

    /// <summary>Reads the value of cluster.codec.</summary>
    /// <param name="text">A name with its argument: <see cref="Allowed"/>. A bare "top-k" has the argument shown there.</param>
    /// <exception cref="InvalidInputException">The codec does not exist, or its argument is out of its range.</exception>
    public static Codec Parse(string text)
    {
        var call = CallText.Parse(Key, text, Allowed);
        var most = call.Name == "top-k" ? 1 : 0;
        Codec codec = call.Name switch
        {
            "none" => None,
            "bf16" => Bfloat16,
            "int8" => Int8,
            "top-k" => call.Arguments.Count == 0
                ? TopK(TopKCodec.DefaultFraction)
                : TopK(call.Number(call.Arguments[0], "the fraction", value => value is > 0 and <= 1, "a number above 0 and at most 1")),
            _ => throw new InvalidInputException($"{Key} is '{call.Source}', which is no codec; allowed: {Allowed}."),
        };
        if (call.Arguments.Count > most)
            throw new InvalidInputException($"{Key} is '{call.Source}' with {call.Arguments.Count} arguments; '{call.Name}' takes {(most == 0 ? "none" : "one")}: {Allowed}.");
        return codec;
    }

    /// <summary>The floats of largest magnitude.</summary>
    /// <param name="fraction">Which part of every block is kept, above 0 and at most 1; at least one float is.</param>
    /// <exception cref="ArgumentOutOfRangeException">The fraction is out of its range.</exception>
    public static Codec TopK(double fraction) => new TopKCodec(fraction);

    /// <summary>Bytes that a range needs: exact for all but top-k, which needs as many at most.</summary>
    /// <param name="count">Floats of the range, at least 0.</param>
    /// <exception cref="OverflowException">There are more bytes than a long holds.</exception>
    public abstract long EstimateBytes(long count);

    /// <summary>Encodes a range.</summary>
    /// <param name="values">Its floats; the range begins where a block does.</param>
    /// <param name="destination">Room for <see cref="EstimateBytes"/>; may be larger.</param>
    /// <param name="residual">
    /// What earlier encodings of these floats lost, as many floats, replaced by what is lost now; left as it was where a group or block is not finite.
    /// Empty for a codec without feedback, and where none is wanted.
    /// </param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is not room enough, or the residual is of another size or not this codec's to take.</exception>
    public int Encode(ReadOnlySpan<float> values, Span<byte> destination, Span<float> residual = default)
    {
        var needed = EstimateBytes(values.Length);
        if (destination.Length < needed)
            throw new ArgumentException($"There is room for {destination.Length} bytes where {needed} are needed.", nameof(destination));
        if (!residual.IsEmpty && (!HasErrorFeedback || residual.Length != values.Length))
            throw new ArgumentException($"The codec {this} of {values.Length} floats takes no residual of {residual.Length}.", nameof(residual));
        return EncodeRange(values, destination, residual);
    }

    /// <summary>Decodes a range that came from elsewhere. Every length and count is checked before it is used.</summary>
    /// <param name="bytes">What <see cref="Encode"/> wrote, all of it and nothing more.</param>
    /// <param name="values">Where its floats go, as many as were encoded. Where bytes are refused their content means nothing.</param>
    /// <param name="reason">A sentence that says what is wrong with the bytes, where something is.</param>
    /// <returns>Whether the bytes are this codec's of that many floats.</returns>
    public abstract bool TryDecode(ReadOnlySpan<byte> bytes, Span<float> values, [NotNullWhen(false)] out string? reason);

    /// <summary>
    /// Does to a node of the gradient tree what this codec asks: bf16 rounds, leaves and sums alike, wherever they are computed; the others change nothing.
    /// </summary>
    /// <param name="values">The node's floats.</param>
    public virtual void RoundNode(Span<float> values)
    {
    }

    /// <summary>The codec as <see cref="Parse"/> reads it, its argument spelled out.</summary>
    public abstract override string ToString();

    private protected abstract int EncodeRange(ReadOnlySpan<float> values, Span<byte> destination, Span<float> residual);

    /// <summary>Whether there are exactly as many bytes as there should be, or a sentence.</summary>
    private protected bool IsLength(ReadOnlySpan<byte> bytes, int count, [NotNullWhen(false)] out string? reason)
    {
        var expected = EstimateBytes(count);
        reason = bytes.Length == expected ? null : $"{count} floats in {this} are {expected} bytes; {bytes.Length} came.";
        return reason is null;
    }
}
