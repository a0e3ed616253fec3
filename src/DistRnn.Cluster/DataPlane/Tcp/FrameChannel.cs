using System.Buffers.Binary;
using System.IO.Hashing;

namespace DistRnn.Cluster;

/// <summary>
/// Frames over a <see cref="ByteChannel"/>: writes whole ones, and reads them in two halves, the header with its prefix first, so that its reader can say where the
/// payload goes. Payloads are hashed piece by piece as they pass, while they are in the cache.
/// </summary>
/// <remarks>One thread reads; writers take turns.</remarks>
internal sealed unsafe class FrameChannel : IDisposable
{
    private const int PieceBytes = 256 << 10;
    private const int SmallBytes = 16 << 10;

    private readonly ByteChannel _bytes;
    private readonly TcpDataPlaneOptions _options;
    private readonly Lock _writing = new();
    private readonly XxHash128 _writtenHash = new();
    private readonly XxHash128 _readHash = new();
    private readonly byte[] _readHeader = new byte[DataHeaderFormat.BytesMax];
    private readonly byte[] _scratch = new byte[SmallBytes];
    private readonly byte[] _small = new byte[SmallBytes];
    private byte[] _prefix = new byte[1024];
    private ulong _written;
    private ulong _read;

    internal FrameChannel(ByteChannel bytes, TcpDataPlaneOptions options)
    {
        _bytes = bytes;
        _options = options;
    }

    /// <summary>The prefix of the header read last.</summary>
    internal ReadOnlySpan<byte> Prefix => _prefix.AsSpan(0, PrefixBytes);

    /// <summary>Its bytes.</summary>
    internal int PrefixBytes { get; private set; }

    /// <summary>Whether this side closed it.</summary>
    internal bool IsClosed => _bytes.IsClosed;

    /// <summary>Secures the bytes, where the options say so; see <see cref="ByteChannel.Secure"/>.</summary>
    internal void Secure(bool isAccepting, string peer) => _bytes.Secure(isAccepting, peer);

    /// <summary>Writes a frame without a payload.</summary>
    /// <param name="header">The header.</param>
    /// <param name="prefix">The prefix.</param>
    internal ChannelResult Write(DataHeader header, ReadOnlySpan<byte> prefix)
    {
        (header.PrefixBytes, header.PayloadBytes) = (prefix.Length, 0);
        fixed (byte* start = prefix)
            return Write(ref header, (nint)start, prefix.Length, 0, WireFault.None);
    }

    /// <summary>Writes a frame.</summary>
    /// <param name="header">The header; its sequence is filled in.</param>
    /// <param name="lease">Prefix and payload, or null for neither.</param>
    /// <param name="fault">What is to go wrong on the way.</param>
    internal ChannelResult Write(ref DataHeader header, DataLease? lease, WireFault fault)
    {
        if (lease is null)
            return Write(ref header, 0, 0, 0, fault);
        fixed (byte* prefix = lease.Prefix)
            return Write(ref header, (nint)prefix, lease.PrefixBytes, lease.Address, fault);
    }

    /// <summary>Reads a header and its prefix and checks all that can be checked of them.</summary>
    /// <param name="deadline">When to give up.</param>
    /// <param name="header">The header.</param>
    /// <returns>None, or why it is refused: the connection cannot go on then.</returns>
    internal RefusalReason ReadHeader(long deadline, out DataHeader header)
    {
        header = default;
        var bytes = _readHeader.AsSpan(0, DataHeaderFormat.Bytes);
        var result = _bytes.Read(bytes, deadline);
        if (result != ChannelResult.Done)
            return ReasonOf(result, RefusalReason.Silence);
        var reason = DataHeaderFormat.Read(bytes, _options.Limits, out header, out var headerBytes);
        if (reason != RefusalReason.None)
            return reason;
        deadline = _options.FrameDeadline(header.PrefixBytes);
        if (headerBytes > bytes.Length && (result = _bytes.Read(_readHeader.AsSpan(bytes.Length..headerBytes), deadline)) != ChannelResult.Done)
            return ReasonOf(result, RefusalReason.Slow);
        if (_prefix.Length < header.PrefixBytes)
            _prefix = new byte[Math.Min(_options.Limits.PrefixBytesMax, header.PrefixBytes + header.PrefixBytes / 4)];
        PrefixBytes = header.PrefixBytes;
        if ((result = _bytes.Read(_prefix.AsSpan(0, PrefixBytes), deadline)) != ChannelResult.Done)
            return ReasonOf(result, RefusalReason.Slow);
        if (!DataHeaderFormat.IsIntact(_readHeader.AsSpan(0, headerBytes), Prefix))
            return RefusalReason.HeaderChecksum;
        return header.Sequence == _read++ ? RefusalReason.None : RefusalReason.OutOfSequence;
    }

    /// <summary>Reads the payload of the header read last.</summary>
    /// <param name="header">The header.</param>
    /// <param name="address">Where to, or 0 to read past it.</param>
    /// <param name="digest">Its XXH3-128.</param>
    /// <returns>None, <see cref="RefusalReason.PayloadChecksum"/>, after which the connection goes on, or why it cannot go on.</returns>
    internal RefusalReason ReadPayload(in DataHeader header, nint address, out UInt128 digest)
    {
        digest = default;
        var deadline = _options.FrameDeadline(header.PayloadBytes);
        _readHash.Reset();
        for (long done = 0; done < header.PayloadBytes;)
        {
            var count = (int)Math.Min(address == 0 ? _scratch.Length : PieceBytes, header.PayloadBytes - done);
            var piece = address == 0 ? _scratch.AsSpan(0, count) : new Span<byte>((byte*)address + done, count);
            var result = _bytes.Read(piece, deadline);
            if (result != ChannelResult.Done)
                return ReasonInside(result);
            _readHash.Append(piece);
            done += count;
        }
        return ReadTrailer(header, deadline, out digest);
    }

    /// <summary>Reads the payload of the header read last into several places; small ones, such as rows, are read together and copied out.</summary>
    /// <param name="header">The header.</param>
    /// <param name="scatter">Where to; it has room enough.</param>
    /// <param name="digest">The payload's XXH3-128.</param>
    /// <returns>As of the other.</returns>
    internal RefusalReason ReadPayload(in DataHeader header, DataScatter scatter, out UInt128 digest)
    {
        digest = default;
        var deadline = _options.FrameDeadline(header.PayloadBytes);
        var cursor = new DataScatter.Cursor(scatter);
        _readHash.Reset();
        for (var left = header.PayloadBytes; left > 0;)
        {
            var isLarge = Math.Min(cursor.LeftOfSegment(), left) >= _scratch.Length;
            var piece = isLarge ? cursor.Next(left) : _scratch.AsSpan(0, (int)Math.Min(_scratch.Length, left));
            var result = _bytes.Read(piece, deadline);
            if (result != ChannelResult.Done)
                return ReasonInside(result);
            _readHash.Append(piece);
            left -= piece.Length;
            while (!isLarge && piece.Length > 0)
            {
                var place = cursor.Next(piece.Length);
                piece[..place.Length].CopyTo(place);
                piece = piece[place.Length..];
            }
        }
        return ReadTrailer(header, deadline, out digest);
    }

    /// <inheritdoc/>
    public void Dispose() => _bytes.Dispose();

    private RefusalReason ReadTrailer(in DataHeader header, long deadline, out UInt128 digest)
    {
        digest = _readHash.GetCurrentHashAsUInt128();
        if (header.PayloadBytes == 0)
            return RefusalReason.None;
        Span<byte> trailer = stackalloc byte[DataHeaderFormat.TrailerBytes];
        var result = _bytes.Read(trailer, deadline);
        if (result != ChannelResult.Done)
            return ReasonInside(result);
        return BinaryPrimitives.ReadUInt128LittleEndian(trailer) == digest ? RefusalReason.None : RefusalReason.PayloadChecksum;
    }

    private static RefusalReason ReasonOf(ChannelResult result, RefusalReason late) => result switch
    {
        ChannelResult.TimedOut => late,
        ChannelResult.Truncated => RefusalReason.Truncated,
        _ => RefusalReason.Disconnected,
    };

    private RefusalReason ReasonInside(ChannelResult result) =>
        result == ChannelResult.TimedOut ? RefusalReason.Slow : _bytes.IsClosed ? RefusalReason.Disconnected : RefusalReason.Truncated;

    private ChannelResult Write(ref DataHeader header, nint prefixAddress, int prefixBytes, nint address, WireFault fault)
    {
        var prefix = new ReadOnlySpan<byte>((void*)prefixAddress, prefixBytes);
        var deadline = _options.FrameDeadline(prefixBytes + header.PayloadBytes);
        Span<byte> head = stackalloc byte[DataHeaderFormat.Bytes];
        lock (_writing)
        {
            header.Sequence = _written++;
            DataHeaderFormat.Write(header, prefix, head);
            if (fault != WireFault.None)
                return WriteFaulty(header, head, prefix, address, fault, deadline);
            if (DataHeaderFormat.FrameBytes(header) <= SmallBytes)
                return _bytes.Write(Gathered(header, head, prefix, address), deadline);
            var result = _bytes.Write(head, deadline);
            if (result == ChannelResult.Done && prefixBytes > 0)
                result = _bytes.Write(prefix, deadline);
            return result == ChannelResult.Done && header.PayloadBytes > 0 ? WritePayload(header.PayloadBytes, address, 0, deadline) : result;
        }
    }

    /// <summary>A small frame in one piece, for one call of the system.</summary>
    private ReadOnlySpan<byte> Gathered(in DataHeader header, ReadOnlySpan<byte> head, ReadOnlySpan<byte> prefix, nint address)
    {
        var frame = _small.AsSpan(0, (int)DataHeaderFormat.FrameBytes(header));
        head.CopyTo(frame);
        prefix.CopyTo(frame[head.Length..]);
        if (header.PayloadBytes > 0)
        {
            var payload = new ReadOnlySpan<byte>((void*)address, (int)header.PayloadBytes);
            payload.CopyTo(frame[(head.Length + prefix.Length)..]);
            BinaryPrimitives.WriteUInt128LittleEndian(frame[^DataHeaderFormat.TrailerBytes..], XxHash128.HashToUInt128(payload));
        }
        return frame;
    }

    private ChannelResult WritePayload(long payloadBytes, nint address, long flippedAt, long deadline)
    {
        Span<byte> flipped = stackalloc byte[1];
        _writtenHash.Reset();
        for (long done = 0; done < payloadBytes;)
        {
            var piece = new ReadOnlySpan<byte>((byte*)address + done, (int)Math.Min(PieceBytes, payloadBytes - done));
            _writtenHash.Append(piece);
            if (flippedAt > 0 && done == 0)
            {
                flipped[0] = (byte)(piece[0] ^ 1);
                if (_bytes.Write(flipped, deadline) != ChannelResult.Done)
                    return ChannelResult.Broken;
                piece = piece[1..];
                done++;
            }
            var result = _bytes.Write(piece, deadline);
            if (result != ChannelResult.Done)
                return result;
            done += piece.Length;
        }
        Span<byte> trailer = stackalloc byte[DataHeaderFormat.TrailerBytes];
        BinaryPrimitives.WriteUInt128LittleEndian(trailer, _writtenHash.GetCurrentHashAsUInt128());
        return _bytes.Write(trailer, deadline);
    }

    /// <summary>Sends what a broken network would deliver: a bit turned over, or less than was announced and then the end.</summary>
    private ChannelResult WriteFaulty(in DataHeader header, Span<byte> head, ReadOnlySpan<byte> prefix, nint address, WireFault fault, long deadline)
    {
        if (fault == WireFault.Truncate)
        {
            _bytes.Write(header.PayloadBytes > 0 ? head : head[..(head.Length / 2)], deadline);
            if (header.PayloadBytes > 0)
            {
                _bytes.Write(prefix, deadline);
                _bytes.Write(new ReadOnlySpan<byte>((void*)address, (int)Math.Min(PieceBytes, header.PayloadBytes / 2)), deadline);
            }
            return ChannelResult.Broken;
        }
        if (header.PayloadBytes == 0)
            head[^1] ^= 1;
        var result = _bytes.Write(head, deadline);
        if (result == ChannelResult.Done)
            result = _bytes.Write(prefix, deadline);
        return result == ChannelResult.Done && header.PayloadBytes > 0 ? WritePayload(header.PayloadBytes, address, 1, deadline) : result;
    }
}
