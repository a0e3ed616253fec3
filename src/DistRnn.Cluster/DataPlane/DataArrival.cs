using System.IO.Hashing;

namespace DistRnn.Cluster;

/// <summary>A frame that arrived whole. Valid during the call; only the lease lives on.</summary>
internal readonly unsafe ref struct DataArrival
{
    private readonly nint _address;
    private readonly UInt128 _digest;
    private readonly bool _hasDigest;

    /// <summary>Describes an arrival.</summary>
    internal DataArrival(
        string peer, ref readonly DataHeader header, ReadOnlySpan<byte> prefix, in DataDestination destination, DataLease? lease, nint address, UInt128? digest)
    {
        Peer = peer;
        Header = ref header;
        Prefix = prefix;
        Destination = destination;
        Lease = lease;
        _address = address;
        (_digest, _hasDigest) = (digest.GetValueOrDefault(), digest.HasValue);
    }

    /// <summary>The sending node.</summary>
    public string Peer { get; }

    /// <summary>The header.</summary>
    public readonly ref readonly DataHeader Header;

    /// <summary>The prefix; a lease has its own copy.</summary>
    public ReadOnlySpan<byte> Prefix { get; }

    /// <summary>What the receiver had said.</summary>
    public DataDestination Destination { get; }

    /// <summary>The lease with payload and prefix, where the receiver asked for one; it disposes of it.</summary>
    public DataLease? Lease { get; }

    /// <summary>The payload where it lies.</summary>
    /// <exception cref="InvalidOperationException">It went into several places.</exception>
    public ReadOnlySpan<byte> Payload =>
        Destination.Scatter is null ? Whole : throw new InvalidOperationException("The payload lies in several places; the receiver knows where.");

    /// <summary>XXH3-128 of the payload: what came with it, or, where it never left the process, computed now.</summary>
    public UInt128 Digest => _hasDigest ? _digest : XxHash128.HashToUInt128(Whole);

    private ReadOnlySpan<byte> Whole => new((void*)_address, checked((int)Header.PayloadBytes));
}
