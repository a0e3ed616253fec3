using System.Text;
using System.Text.Json;
using DistRnn.Numerics;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>A ledger as a blob: a line an event, in the order of their places, so that a host can hold it and another can take it in.</summary>
internal static class LedgerText
{
    /// <summary>The most bytes that a ledger has as a blob.</summary>
    public const long BytesMax = 64L << 30;

    private const int LineBytesMax = 1 << 20;

    /// <summary>Makes a blob of a ledger.</summary>
    /// <param name="ledger">Its file.</param>
    /// <param name="store">Where the blob goes.</param>
    /// <returns>The blob and the place of its last event; no name and no place where there is no event.</returns>
    /// <exception cref="InvalidInputException">The ledger cannot be read.</exception>
    /// <exception cref="Formats.StorageException">The blob cannot be written.</exception>
    public static (string Sha256, long Term, long Sequence) Export(string ledger, BlobStore store)
    {
        if (!File.Exists(ledger))
            return ("", 0, 0);
        var temporary = $"{ledger}.{Guid.NewGuid():N}.part";
        try
        {
            var last = default(LedgerPlace);
            using (var reader = LedgerReader.Open(ledger))
            using (var writer = new StreamWriter(temporary, append: false, new UTF8Encoding(false), 1 << 16))
            {
                foreach (var entry in reader.Events())
                {
                    last = entry.At;
                    var row = new Row(last.Term, last.Sequence, last.Incarnation, last.Step, LedgerJson.KindOf(entry.GetType()), LedgerJson.BodyOf(entry));
                    writer.Write(JsonSerializer.Serialize(row, StrictJson.Options));
                    writer.Write('\n');
                }
            }
            return last.Term == 0 ? ("", 0, 0) : (store.PutFile(temporary).Sha256, last.Term, last.Sequence);
        }
        catch (Exception error) when (error is IOException and not Formats.StorageException or UnauthorizedAccessException)
        {
            throw new Formats.StorageException($"{ledger} cannot be copied: {error.Message.TrimEnd('.')}.", error);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Takes the events of a blob into a ledger; those that are there already change nothing.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="writer">The ledger.</param>
    /// <returns>The place of the last event.</returns>
    /// <exception cref="InvalidInputException">The blob is no ledger.</exception>
    public static (long Term, long Sequence) Import(BlobReading blob, LedgerWriter writer)
    {
        var (buffer, held, offset, last) = (new byte[LineBytesMax], 0, 0L, (0L, 0L));
        for (int read; (read = blob.Read(offset, buffer.AsSpan(held))) > 0;)
        {
            (held, offset) = (held + read, offset + read);
            var first = 0;
            for (int end; (end = buffer.AsSpan(first, held - first).IndexOf((byte)'\n')) >= 0; first += end + 1)
                last = Take(buffer.AsSpan(first, end), last, writer);
            buffer.AsSpan(first, held - first).CopyTo(buffer);
            held -= first;
            if (held == buffer.Length)
                throw new InvalidInputException($"The ledger {blob.Sha256} has a line of more than {LineBytesMax} bytes.");
        }
        return held == 0 ? last : throw new InvalidInputException($"The ledger {blob.Sha256} ends in the middle of a line.");
    }

    private static (long Term, long Sequence) Take(ReadOnlySpan<byte> line, (long Term, long Sequence) last, LedgerWriter writer)
    {
        try
        {
            var row = JsonSerializer.Deserialize<Row>(line, StrictJson.Options) ?? throw new JsonException("a row is null");
            if (row.Term is < 1 or > Terms.Max || row.Sequence < 1 || row.Incarnation < 0 || row.Step < 0 || (row.Term, row.Sequence).CompareTo(last) <= 0)
                throw new JsonException($"the row of term {row.Term} and sequence {row.Sequence} follows that of {last.Term} and {last.Sequence}");
            writer.Record(LedgerJson.Read(row.Kind, row.Body, new LedgerPlace(row.Term, row.Sequence, row.Incarnation, row.Step)));
            return (row.Term, row.Sequence);
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"A copied ledger cannot be read: {error.Message.TrimEnd('.')}.", error);
        }
    }

    private sealed record Row(long Term, long Sequence, int Incarnation, long Step, string Kind, string Body);
}
