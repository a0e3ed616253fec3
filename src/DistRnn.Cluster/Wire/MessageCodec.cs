using System.Diagnostics.CodeAnalysis;
using DistRnn.Numerics;
using DistRnn.Protocol;
using Google.Protobuf;
using IMessage = DistRnn.Protocol.IMessage;

namespace DistRnn.Cluster;

/// <summary>
/// Control messages to bytes and back: protobuf, by the schema in the folder proto. Each kind has a manifest, its name and a version. What is read has been
/// checked as far as a machine relies on it; what cannot be a message is refused with a sentence.
/// </summary>
internal static class MessageCodec
{
    private static readonly MessageEntry[] s_entries = [.. CoordinatorWire.Entries, .. ParameterServerWire.Entries, .. WorkerWire.Entries];

    private static readonly Dictionary<Type, MessageEntry> s_byType = s_entries.ToDictionary(entry => entry.Type);

    private static readonly Dictionary<string, MessageEntry> s_byManifest = s_entries.ToDictionary(entry => entry.Manifest, StringComparer.Ordinal);

    /// <summary>All manifests, and the records behind them.</summary>
    public static IEnumerable<(string Manifest, Type Type)> Kinds => s_entries.Select(entry => (entry.Manifest, entry.Type));

    /// <summary>The manifest of a message.</summary>
    /// <exception cref="ArgumentException">Its kind does not travel as a control message.</exception>
    public static string ManifestOf(IMessage message) => EntryOf(message).Manifest;

    /// <summary>The bytes of a message.</summary>
    /// <exception cref="ArgumentException">Its kind does not travel as a control message.</exception>
    public static ByteString Write(IMessage message) => EntryOf(message).Write(message).ToByteString();

    /// <summary>The message of bytes.</summary>
    /// <param name="manifest">Its kind.</param>
    /// <param name="bytes">The bytes; the message may keep them.</param>
    /// <param name="message">The message.</param>
    /// <param name="refusal">Why there is none, in a sentence.</param>
    /// <returns>Whether the bytes are a message.</returns>
    public static bool TryRead(string manifest, ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out IMessage? message, [NotNullWhen(false)] out string? refusal)
    {
        (message, refusal) = (null, null);
        if (!s_byManifest.TryGetValue(manifest, out var entry))
        {
            refusal = $"'{(manifest.Length > 64 ? manifest[..64] : manifest)}' is no message of version {WireFormat.Version}.";
            return false;
        }
        try
        {
            message = entry.Read(bytes);
            return true;
        }
        catch (Exception exception) when (exception is WireException or InvalidProtocolBufferException or InvalidInputException or ArgumentException or OverflowException)
        {
            refusal = $"The {bytes.Length} bytes of a {manifest} are no such message: {ReasonOf(exception)}";
            return false;
        }
    }

    // Only what is written for the reader of a message is passed on; the words of a constructor that refused a value name parameters nobody knows.
    private static string ReasonOf(Exception exception) => exception switch
    {
        WireException or InvalidInputException or InvalidProtocolBufferException => exception.Message,
        _ => "one of its values is out of range.",
    };

    private static MessageEntry EntryOf(IMessage message) =>
        s_byType.TryGetValue(message.GetType(), out var entry) ? entry : throw new ArgumentException($"A {message.GetType().Name} does not travel as a control message.", nameof(message));
}
