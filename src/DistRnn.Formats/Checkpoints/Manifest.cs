using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using DistRnn.Numerics;

namespace DistRnn.Formats;

/// <summary>A file of a checkpoint, as its manifest names it.</summary>
/// <param name="Name">What it is, and its file's name: <c>parameters.safetensors</c>, <c>position.json</c> ...</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">SHA-256 of its content, 64 hexadecimal digits in lower case.</param>
public sealed record ManifestPart(string Name, long Bytes, string Sha256);

/// <summary>
/// The durable description of one version: everything needed to go on from it, by SHA-256. It is written after its parts, so where there is one its parts
/// were whole; it carries a digest of itself, so that one flipped bit anywhere is noticed.
/// </summary>
public sealed record Manifest
{
    private const string FormatName = "distrnn-checkpoint";
    private const int FormatVersion = 1;

    /// <summary>Updates that were applied: the version.</summary>
    public required long Step { get; init; }

    /// <summary>The epoch in work, from 0.</summary>
    public required int Epoch { get; init; }

    /// <summary>SHA-256 of the job as the run's <c>job.yaml</c> spells it.</summary>
    public required string JobSha256 { get; init; }

    /// <summary>The digest of the data, vocabularies and plan.</summary>
    public required string DataDigest { get; init; }

    /// <summary>The fingerprint of the parameters.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The files, in the order in which they were written.</summary>
    public required ImmutableArray<ManifestPart> Parts { get; init; }

    /// <summary>The manifest as JSON.</summary>
    public byte[] ToJson()
    {
        var content = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(content))
            WriteContent(json);
        var digest = StoredContent.Of(content.WrittenSpan).Sha256;
        return Encoding.UTF8.GetBytes($"{{\n  \"format\": \"{FormatName}\",\n  \"version\": {FormatVersion},\n  \"content\": {Encoding.UTF8.GetString(content.WrittenSpan)},\n  \"sha256\": \"{digest}\"\n}}\n");
    }

    /// <summary>Reads a manifest.</summary>
    /// <param name="json">What <see cref="ToJson"/> wrote.</param>
    /// <param name="source">What messages call it.</param>
    /// <exception cref="InvalidInputException">It is no manifest, of another version, or not as it was written.</exception>
    public static Manifest FromJson(ReadOnlyMemory<byte> json, string source)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            var root = document.RootElement;
            if (root.GetProperty("format").GetString() != FormatName)
                throw new InvalidInputException($"{source} is not the manifest of a checkpoint.");
            if (root.GetProperty("version").GetInt32() is not FormatVersion and var version)
                throw new InvalidInputException($"{source} has the version {version}; this program reads {FormatVersion}.");
            var content = root.GetProperty("content");
            if (StoredContent.Of(Encoding.UTF8.GetBytes(content.GetRawText())).Sha256 != root.GetProperty("sha256").GetString())
                throw new InvalidInputException($"{source} is not as it was written: its content has another SHA-256 than it says.");
            return ReadContent(content);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new InvalidInputException($"{source} is no manifest: {error.Message.TrimEnd('.')}.", error);
        }
    }

    private static Manifest ReadContent(JsonElement content) => new()
    {
        Step = content.GetProperty("step").GetInt64(),
        Epoch = content.GetProperty("epoch").GetInt32(),
        JobSha256 = content.GetProperty("job_sha256").GetString()!,
        DataDigest = content.GetProperty("data_digest").GetString()!,
        Fingerprint = content.GetProperty("fingerprint").GetString()!,
        Parts =
        [
            .. content.GetProperty("parts").EnumerateArray()
                .Select(part => new ManifestPart(part.GetProperty("name").GetString()!, part.GetProperty("bytes").GetInt64(), part.GetProperty("sha256").GetString()!)),
        ],
    };

    private void WriteContent(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("step", Step);
        json.WriteNumber("epoch", Epoch);
        json.WriteString("job_sha256", JobSha256);
        json.WriteString("data_digest", DataDigest);
        json.WriteString("fingerprint", Fingerprint);
        json.WriteStartArray("parts");
        foreach (var part in Parts)
        {
            json.WriteStartObject();
            json.WriteString("name", part.Name);
            json.WriteNumber("bytes", part.Bytes);
            json.WriteString("sha256", part.Sha256);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
