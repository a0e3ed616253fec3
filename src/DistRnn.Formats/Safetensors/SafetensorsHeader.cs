using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using DistRnn.Numerics;

namespace DistRnn.Formats;

/// <summary>
/// Reads a safetensors header that may be hostile. What is accepted is what the format says: no name twice, known types, sizes that fit their shapes,
/// and data offsets that cover the rest of the file without overlap and without hole.
/// </summary>
/// <param name="source">What messages call the file.</param>
internal sealed class SafetensorsHeader(string source)
{
    /// <summary>The longest header that is read, as in the format's own library.</summary>
    public const long MaxBytes = 100_000_000;

    private const int MaxDimensions = 16;

    private readonly List<SafetensorsEntry> _entries = [];
    private readonly ImmutableSortedDictionary<string, string>.Builder _metadata = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);

    /// <summary>The tensors in the order of their data.</summary>
    public ImmutableArray<SafetensorsEntry> Entries { get; private set; } = [];

    /// <summary>Text by text.</summary>
    public ImmutableSortedDictionary<string, string> Metadata => _metadata.ToImmutable();

    /// <summary>Reads the header.</summary>
    /// <param name="json">Its bytes.</param>
    /// <param name="dataBytes">Bytes of the file behind it.</param>
    /// <exception cref="InvalidInputException">The header is not what the format says, or does not fit the file.</exception>
    public void Read(ReadOnlySpan<byte> json, long dataBytes)
    {
        if (json.IsEmpty || json[0] != (byte)'{')
            throw Wrong("its header does not begin with '{'");
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 4 });
            reader.Read();
            var names = new HashSet<string>(StringComparer.Ordinal);
            while (Next(ref reader) == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                if (!names.Add(name))
                    throw Wrong($"its header has '{name}' twice");
                if (name == SafetensorsWriter.MetadataName)
                    ReadMetadata(ref reader);
                else
                    _entries.Add(ReadEntry(ref reader, name));
            }
            while (reader.Read())
            {
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or DecoderFallbackException)
        {
            throw new InvalidInputException($"{source} is no safetensors file: its header is not the JSON that the format has ({error.Message.TrimEnd('.')}).", error);
        }
        CheckOffsets(dataBytes);
    }

    private static JsonTokenType Next(ref Utf8JsonReader reader) =>
        reader.Read() ? reader.TokenType : throw new JsonException("the header ends too early");

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (Next(ref reader) != JsonTokenType.StartObject)
            throw Wrong($"its '{SafetensorsWriter.MetadataName}' is no object");
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            if (Next(ref reader) != JsonTokenType.String)
                throw Wrong($"its metadata '{name}' is no text");
            if (!_metadata.TryAdd(name, reader.GetString()!))
                throw Wrong($"its metadata has '{name}' twice");
        }
    }

    private SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        if (Next(ref reader) != JsonTokenType.StartObject)
            throw Wrong($"the entry of tensor '{name}' is no object");
        string? dtype = null;
        ImmutableArray<long> shape = default, offsets = default;
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            var field = reader.GetString();
            var isRepeated = field switch { "dtype" => dtype is not null, "shape" => !shape.IsDefault, "data_offsets" => !offsets.IsDefault, _ => true };
            if (isRepeated)
                throw Wrong($"tensor '{name}' has '{field}' twice or in vain; allowed are dtype, shape and data_offsets");
            if (field == "dtype")
                dtype = Next(ref reader) == JsonTokenType.String ? reader.GetString() : throw Wrong($"the dtype of tensor '{name}' is no text");
            else if (field == "shape")
                shape = ReadSizes(ref reader, name, "shape");
            else
                offsets = ReadSizes(ref reader, name, "data_offsets");
        }
        if (dtype is null || shape.IsDefault || offsets.IsDefault)
            throw Wrong($"tensor '{name}' lacks one of dtype, shape and data_offsets");
        return Checked(name, dtype, shape, offsets);
    }

    private ImmutableArray<long> ReadSizes(ref Utf8JsonReader reader, string name, string field)
    {
        if (Next(ref reader) != JsonTokenType.StartArray)
            throw Wrong($"'{field}' of tensor '{name}' is no list");
        var sizes = ImmutableArray.CreateBuilder<long>();
        while (Next(ref reader) != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var size) || size < 0)
                throw Wrong($"'{field}' of tensor '{name}' has an entry that is no whole number of at least 0");
            if (sizes.Count == MaxDimensions)
                throw Wrong($"'{field}' of tensor '{name}' has more than {MaxDimensions} entries");
            sizes.Add(size);
        }
        return sizes.ToImmutable();
    }

    private SafetensorsEntry Checked(string name, string dtype, ImmutableArray<long> shape, ImmutableArray<long> offsets)
    {
        if (SafetensorsEntry.BytesOf(dtype) is not (> 0 and var size))
            throw Wrong($"tensor '{name}' has the dtype '{dtype}', which the format does not have");
        if (offsets is not [var begin, var end] || begin > end)
            throw Wrong($"'data_offsets' of tensor '{name}' are not a begin and an end behind it");
        Int128 bytes = size;
        foreach (var dimension in shape)
        {
            bytes *= dimension;
            if (bytes > long.MaxValue)
                throw Wrong($"tensor '{name}' has the shape [{string.Join(", ", shape)}], which is more than any file holds");
        }
        if (end - begin != bytes)
            throw Wrong($"tensor '{name}' of type {dtype} and shape [{string.Join(", ", shape)}] needs {bytes} bytes, but its data_offsets give it {end - begin}");
        return new SafetensorsEntry(name, dtype, shape, begin, end);
    }

    private void CheckOffsets(long dataBytes)
    {
        _entries.Sort((left, right) => (left.Begin, left.End).CompareTo((right.Begin, right.End)) is not 0 and var order ? order : string.CompareOrdinal(left.Name, right.Name));
        long next = 0;
        foreach (var entry in _entries)
        {
            if (entry.Begin != next)
                throw Wrong($"the data of tensor '{entry.Name}' begin at {entry.Begin}, but the ones before end at {next}: that is {(entry.Begin < next ? "an overlap" : "a hole")}");
            next = entry.End;
        }
        if (next != dataBytes)
            throw Wrong(next > dataBytes ? $"its tensors need {next} bytes, but only {dataBytes} are there: it was cut short" : $"{dataBytes - next} bytes follow its last tensor");
        Entries = [.. _entries];
    }

    private InvalidInputException Wrong(string reason) => new($"{source} is no safetensors file: {reason}.");
}
