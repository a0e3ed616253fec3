using System.Net;

namespace DistRnn.Cluster;

/// <summary>What a <see cref="TcpDataPlane"/> is told. Every bound holds for one node.</summary>
internal sealed record TcpDataPlaneOptions
{
    /// <summary>This node's name; 1 to 255 bytes of UTF-8.</summary>
    public required string Name { get; init; }

    /// <summary>The address to listen at; loopback unless told otherwise.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port to listen at; 0 for a free one.</summary>
    public int Port { get; init; }

    /// <summary>How long prefixes and payloads may be.</summary>
    public DataPlaneLimits Limits { get; init; } = new();

    /// <summary>What a sender may have sent on a connection without the receiver having done with it, in bytes; at least twice the longest frame.</summary>
    public long CreditBytes { get; init; } = 768L << 20;

    /// <summary>Memory of the leases that payloads are received into, in bytes.</summary>
    public long ReceiveBytesMax { get; init; } = 1L << 30;

    /// <summary>Memory of the leases that frames are sent from, in bytes.</summary>
    public long SendBytesMax { get; init; } = 1L << 30;

    /// <summary>Frames that may wait for one node.</summary>
    public int QueuedFramesMax { get; init; } = 1024;

    /// <summary>Connections that others may have to this node at the same time, those that have not greeted yet included.</summary>
    public int ConnectionsMax { get; init; } = 512;

    /// <summary>How long connecting and greeting may take, in milliseconds.</summary>
    public int GreetingMs { get; init; } = 5_000;

    /// <summary>After how long a side that sends says that it is still there, whether it sent frames meanwhile or not, in milliseconds.</summary>
    public int KeepAliveMs { get; init; } = 2_000;

    /// <summary>After how long without a frame a connection is given up, in milliseconds.</summary>
    public int SilenceMs { get; init; } = 10_000;

    /// <summary>How long a frame may take in milliseconds, beside a second a mebibyte.</summary>
    public int FrameMs { get; init; } = 10_000;

    /// <summary>How long nothing is sent to a node after it could not be reached, in milliseconds.</summary>
    public int RetryMs { get; init; } = 200;

    /// <summary>The secret that both sides of every connection have to know; null for none.</summary>
    public SharedSecret? Secret { get; init; }

    /// <summary>Wraps a connection's stream before anything is sent, for TLS: given the stream, whether this side accepted, and the other's name or address. Null for none.</summary>
    public Func<Stream, bool, string, Stream>? Secure { get; init; }

    /// <summary>Told a sentence when a connection is refused or lost; null for nobody.</summary>
    public Action<string>? Report { get; init; }

    internal long FrameDeadline(long bytes) => Environment.TickCount64 + FrameMs + bytes / 1024;

    internal void Check()
    {
        ArgumentException.ThrowIfNullOrEmpty(Name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(System.Text.Encoding.UTF8.GetByteCount(Name), 255, nameof(Name));
        ArgumentOutOfRangeException.ThrowIfLessThan(CreditBytes, 2 * (Limits.PayloadBytesMax + Limits.PrefixBytesMax + 256), nameof(CreditBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(SilenceMs, 2 * KeepAliveMs, nameof(SilenceMs));
        ArgumentOutOfRangeException.ThrowIfLessThan(KeepAliveMs, 1, nameof(KeepAliveMs));
    }
}
