using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Cluster;

/// <summary>A node that can be asked for the cluster.</summary>
/// <param name="Host">Its name or address; an IPv6 address without brackets.</param>
/// <param name="Port">The port of its control messages, 1 to 65,535.</param>
public sealed record SeedNode(string Host, int Port)
{
    /// <summary>Reads <c>host:port</c>, or <c>host</c> for the port <see cref="NodeOptions.DefaultPort"/>.</summary>
    /// <param name="text">The text; an IPv6 address stands in brackets.</param>
    /// <exception cref="InvalidInputException">The text is neither.</exception>
    public static SeedNode Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var trimmed = text.Trim();
        var colon = trimmed.LastIndexOf(':');
        var hasPort = colon >= 0 && colon > trimmed.LastIndexOf(']');
        var host = hasPort ? trimmed[..colon] : trimmed;
        var port = NodeOptions.DefaultPort;
        if (hasPort && (!int.TryParse(trimmed[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > 65_535))
            throw Refusal(text);
        if (host.StartsWith('[') && host.EndsWith(']'))
            host = host[1..^1];
        else if (host.Contains(':', StringComparison.Ordinal))
            throw Refusal(text);
        return host.Length > 0 && !host.Any(character => char.IsWhiteSpace(character) || character is '/' or '@') ? new SeedNode(host, port) : throw Refusal(text);
    }

    /// <summary>
    /// The same place by this machine's other name, if it is on this machine: a node answers only to the name that it goes by itself, and <c>localhost</c> and
    /// <c>127.0.0.1</c> are easily taken for the same.
    /// </summary>
    internal SeedNode? OtherName => Host switch
    {
        "localhost" => this with { Host = "127.0.0.1" },
        "127.0.0.1" => this with { Host = "localhost" },
        _ => null,
    };

    /// <inheritdoc/>
    public override string ToString() => Format(Host, Port);

    internal static string Format(string host, int port) =>
        host.Contains(':', StringComparison.Ordinal) ? FormattableString.Invariant($"[{host}]:{port}") : FormattableString.Invariant($"{host}:{port}");

    private static InvalidInputException Refusal(string text) => new($"'{text}' is not a seed node. One is written as host:port, such as machine-1:4053, with a port from 1 to 65535.");
}
