using System.Collections.Immutable;

namespace DistRnn.Formats;

/// <summary>One tensor of a safetensors file, as its header describes it.</summary>
/// <param name="Name">The name.</param>
/// <param name="Dtype">The type of its elements as the file spells it: F32, BF16, I64 ...</param>
/// <param name="Shape">The dimensions, outermost first; empty for a single element.</param>
/// <param name="Begin">Its first byte, counted from the end of the header.</param>
/// <param name="End">The byte behind its last.</param>
public sealed record SafetensorsEntry(string Name, string Dtype, ImmutableArray<long> Shape, long Begin, long End)
{
    /// <summary>How many elements it has.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>The shape in words, such as <c>[800, 200]</c>.</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";

    /// <summary>Bytes of an element of a type, or 0 for types that the format does not have.</summary>
    internal static int BytesOf(string dtype) => dtype switch
    {
        "BOOL" or "U8" or "I8" or "F8_E5M2" or "F8_E4M3" => 1,
        "I16" or "U16" or "F16" or "BF16" => 2,
        "I32" or "U32" or "F32" => 4,
        "I64" or "U64" or "F64" => 8,
        _ => 0,
    };
}
