using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using DistRnn.Protocol;
using Google.Protobuf;
using static DistRnn.Cluster.WireParts;

namespace DistRnn.Cluster;

/// <summary>Messages about copies, on the wire. Names of blobs travel as their 32 bytes.</summary>
internal static class CopyWire
{
    private const int BodyLengthMax = 1 << 16;
    private const int DigestBytes = 32;

    /// <summary>The manifest of a message about copies; null for any other.</summary>
    public static string? ManifestOf(object message) => message switch
    {
        CopyOrder => "copy-order-1",
        CopyState => "copy-state-1",
        LedgerTail => "ledger-tail-1",
        CopiesQuery => "copies-query-1",
        CopiesHeld => "copies-held-1",
        _ => null,
    };

    /// <summary>The bytes of a message about copies.</summary>
    public static byte[] Write(object message) => message switch
    {
        CopyOrder order => new Wire.CopyOrder { Run = order.Run, Index = Digest(order.Index), Holder = order.Holder, Ledger = Digest(order.Ledger) }.ToByteArray(),
        CopyState state => new Wire.CopyState { Run = state.Run, Index = Digest(state.Index), Term = state.Term, Sequence = state.Sequence, Refusal = state.Refusal }.ToByteArray(),
        LedgerTail tail => Of(tail).ToByteArray(),
        CopiesQuery query => new Wire.CopiesQuery { Run = query.Run }.ToByteArray(),
        CopiesHeld held => new Wire.CopiesHeld
        {
            Run = held.Run,
            Index = Digest(held.Index),
            IndexTerm = held.IndexTerm,
            IndexSequence = held.IndexSequence,
            Ledger = Digest(held.Ledger),
            Term = held.Term,
            Sequence = held.Sequence,
        }.ToByteArray(),
        _ => throw new ArgumentException($"A {message.GetType().Name} is no message about copies.", nameof(message)),
    };

    /// <summary>The message of bytes.</summary>
    /// <param name="manifest">Its kind.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="message">The message.</param>
    /// <returns>Whether the manifest is that of a message about copies.</returns>
    /// <exception cref="WireException">The bytes are no such message.</exception>
    /// <exception cref="InvalidProtocolBufferException">The bytes are no such message.</exception>
    public static bool TryRead(string manifest, byte[] bytes, [NotNullWhen(true)] out object? message)
    {
        message = manifest switch
        {
            "copy-order-1" => Read(Wire.CopyOrder.Parser.ParseFrom(bytes)),
            "copy-state-1" => Read(Wire.CopyState.Parser.ParseFrom(bytes)),
            "ledger-tail-1" => Read(Wire.LedgerTail.Parser.ParseFrom(bytes)),
            "copies-query-1" => new CopiesQuery(Run(Wire.CopiesQuery.Parser.ParseFrom(bytes).Run)),
            "copies-held-1" => Read(Wire.CopiesHeld.Parser.ParseFrom(bytes)),
            _ => null,
        };
        return message is not null;
    }

    private static CopyOrder Read(Wire.CopyOrder wire) => new(Run(wire.Run), Blob(wire.Index), Text(wire.Holder), Blob(wire.Ledger));

    private static CopyState Read(Wire.CopyState wire) => new(Run(wire.Run), Blob(wire.Index), NotNegative(wire.Term), NotNegative(wire.Sequence), Sentence(wire.Refusal));

    private static CopiesHeld Read(Wire.CopiesHeld wire) => new(
        Run(wire.Run), Blob(wire.Index), NotNegative(wire.IndexTerm), NotNegative(wire.IndexSequence), Blob(wire.Ledger), NotNegative(wire.Term), NotNegative(wire.Sequence));

    private static LedgerTail Read(Wire.LedgerTail wire)
    {
        Below(wire.Rows.Count, LedgerTail.EventsMax + 1);
        var events = ImmutableArray.CreateBuilder<LedgerEvent>(wire.Rows.Count);
        foreach (var row in wire.Rows)
            events.Add(EventOf(row));
        return new LedgerTail(Run(wire.Run), NotNegative(wire.AfterTerm), NotNegative(wire.AfterSequence), events.MoveToImmutable());
    }

    private static LedgerEvent EventOf(Wire.LedgerRow row)
    {
        if (row.Term is < 1 or > Terms.Max || row.Sequence < 1 || row.Body.Length > BodyLengthMax)
            throw new WireException($"A row of a ledger has the term {row.Term}, the sequence {row.Sequence} and {row.Body.Length} characters; {BodyLengthMax} are allowed.");
        try
        {
            return LedgerJson.Read(Text(row.Kind), row.Body, new LedgerPlace(row.Term, row.Sequence, NotNegative(row.Incarnation), NotNegative(row.Step)));
        }
        catch (JsonException error)
        {
            throw new WireException($"A row of a ledger is no event: {error.Message}");
        }
    }

    private static Wire.LedgerTail Of(LedgerTail tail)
    {
        var wire = new Wire.LedgerTail { Run = tail.Run, AfterTerm = tail.AfterTerm, AfterSequence = tail.AfterSequence };
        foreach (var entry in tail.Events)
        {
            wire.Rows.Add(new Wire.LedgerRow
            {
                Term = entry.At.Term,
                Sequence = entry.At.Sequence,
                Incarnation = entry.At.Incarnation,
                Step = entry.At.Step,
                Kind = LedgerJson.KindOf(entry.GetType()),
                Body = LedgerJson.BodyOf(entry),
            });
        }
        return wire;
    }

    private static ByteString Digest(string sha256) => ByteString.CopyFrom(Convert.FromHexString(sha256));

    private static string Blob(ByteString digest) =>
        digest.Length is 0 or DigestBytes ? Convert.ToHexStringLower(digest.Span) : throw new WireException($"A blob's name has {digest.Length} bytes; {DigestBytes} are needed.");

    private static string Run(string name) => CopyIndex.IsRunName(name) ? Text(name) : throw new WireException("A message about copies names no run.");

    private static string Sentence(string text) => text.Length <= BodyLengthMax ? text : throw new WireException($"A refusal has {text.Length} characters; {BodyLengthMax} are allowed.");
}
