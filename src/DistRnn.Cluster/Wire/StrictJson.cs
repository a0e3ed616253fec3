using System.Text.Json;

namespace DistRnn.Cluster;

/// <summary>JSON that other nodes wrote, read strictly: every property that a type needs has to be there, none twice, and nothing is nested deeply.</summary>
internal static class StrictJson
{
    private const int DepthMax = 8;

    /// <summary>The options, for reading and writing.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
        MaxDepth = DepthMax,
    };
}
