namespace DistRnn.Cluster;

/// <summary>Where a node takes tensors and blobs: on its host, beside its control messages.</summary>
/// <param name="Name">What its data plane is called, for as long as the process lives; empty where it takes none.</param>
/// <param name="Port">The port; 0 where it takes none.</param>
public sealed record DataEndpoint(string Name, int Port)
{
    /// <summary>A node that takes none.</summary>
    public static DataEndpoint None { get; } = new("", 0);

    /// <summary>The endpoint with its host, as text that <see cref="TryParse"/> reads.</summary>
    /// <param name="host">The host.</param>
    internal string On(string host) => FormattableString.Invariant($"{Name}@{SeedNode.Format(host, Port)}");

    /// <summary>Reads an endpoint with its host.</summary>
    /// <param name="text">The text.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="host">The host.</param>
    /// <returns>Whether the text is one.</returns>
    internal static bool TryParse(string text, out DataEndpoint endpoint, out string host)
    {
        (endpoint, host) = (None, "");
        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (at is < 1 or > 64)
            return false;
        try
        {
            var place = SeedNode.Parse(text[(at + 1)..]);
            (endpoint, host) = (new DataEndpoint(text[..at], place.Port), place.Host);
            return true;
        }
        catch (Numerics.InvalidInputException)
        {
            return false;
        }
    }
}
