using System.Text.Json;

namespace DistRnn.Cluster;

/// <summary>
/// What a run's description says, which travels as bytes that the protocol does not read: enough for a worker, or for the next coordinator, to read the
/// job and to know how it is carried out.
/// </summary>
/// <param name="Partitions">Into how many parts the parameters are cut.</param>
/// <param name="Package">SHA-256 of the manifest of the job's package in the blob store; empty where job and data are in this process.</param>
/// <param name="Workers">Workers to wait for at the start.</param>
/// <param name="ParameterServers">Parameter servers to wait for at the start.</param>
/// <param name="Holder">A node that has all blobs of the package, as the transport calls it; empty where there is none.</param>
/// <param name="Name">The job's name.</param>
/// <param name="Job">The job as YAML with every default spelled out and absolute paths, for nodes that see the same files; empty where there is a package.</param>
public sealed record RunDescription(int Partitions, string Package, int Workers, int ParameterServers, string Holder, string Name = "", string Job = "")
{
    private const int BytesMax = 1 << 18;

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The description as bytes.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, s_json);

    /// <summary>The description of bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="description">What they say.</param>
    /// <returns>Whether they are one.</returns>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out RunDescription? description)
    {
        description = null;
        if (bytes.Length > BytesMax)
            return false;
        try
        {
            description = JsonSerializer.Deserialize<RunDescription>(bytes.Span, s_json);
        }
        catch (JsonException)
        {
            return false;
        }
        return description is { Partitions: >= 1 and <= Protocol.PartitionMap.PartitionsMax, Package: not null, Holder: not null, Name: not null, Job: not null, Workers: >= 1, ParameterServers: >= 1 };
    }
}
