using DistRnn.Numerics;

namespace DistRnn.Cluster;

/// <summary>
/// A data plane that loses, delays, doubles, truncates and corrupts frames and cuts nodes off, as its seed says, and counts what it did. What is sent in
/// one order goes wrong in one way: there is no clock in it; a delayed frame waits for later ones, not for a time.
/// </summary>
internal sealed class FaultyDataPlane : IDataPlane
{
    private const int HeldFramesMax = 64;
    private const ulong NumbersPerFrame = 16;

    private readonly IDataPlane _inner;
    private readonly IFaultCarrier _carrier;
    private readonly DataFaultOptions _options;
    private readonly Philox _chance;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _cutOff = new(StringComparer.Ordinal);
    private readonly List<HeldFrame> _held = [];
    private readonly long[] _fired = new long[Enum.GetValues<DataFault>().Length];
    private long _frames;

    /// <summary>Decorates a plane, which it then owns.</summary>
    /// <param name="inner">The plane.</param>
    /// <param name="options">What goes wrong how often.</param>
    /// <exception cref="ArgumentException">The plane cannot carry faults.</exception>
    internal FaultyDataPlane(IDataPlane inner, DataFaultOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _carrier = inner as IFaultCarrier ?? throw new ArgumentException("The plane cannot damage frames on their way.", nameof(inner));
        (_inner, _options) = (inner, options);
        _chance = new Philox(options.Seed, PhiloxPurpose.Faults, 0);
    }

    /// <inheritdoc/>
    public string Name => _inner.Name;

    /// <inheritdoc/>
    public DataBufferPool Buffers => _inner.Buffers;

    /// <inheritdoc/>
    public DataPlaneCounters Counters => _inner.Counters;

    /// <summary>How often a fault was done.</summary>
    internal long Fired(DataFault fault) => Interlocked.Read(ref _fired[(int)fault]);

    /// <summary>Cuts a node off until it is healed.</summary>
    internal void CutOff(string peer)
    {
        lock (_lock)
            _cutOff[peer] = long.MaxValue;
    }

    /// <summary>Lets a node be reached again.</summary>
    internal void Heal(string peer)
    {
        lock (_lock)
            _cutOff.Remove(peer);
    }

    /// <inheritdoc/>
    public RefusalReason Send(string peer, in DataHeader header, DataLease? lease)
    {
        long number;
        lock (_lock)
        {
            number = _frames++;
            if (IsCutOff(peer, number))
                return Lose(lease, DataFault.Partition);
        }
        var reason = Happens(DataFault.Drop, number) ? Lose(lease, DataFault.Drop)
            : Happens(DataFault.Delay, number) ? Hold(peer, header, lease, number)
            : Pass(peer, header, lease, number);
        SendHeld(number);
        return reason;
    }

    /// <summary>Sends everything that was held back.</summary>
    internal void Flush() => SendHeld(long.MaxValue);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var frame in _held)
                frame.Lease?.Dispose();
            _held.Clear();
        }
        _inner.Dispose();
    }

    private RefusalReason Pass(string peer, in DataHeader header, DataLease? lease, long number)
    {
        if (Happens(DataFault.Corrupt, number))
            return Damage(peer, header, lease, DataFault.Corrupt, WireFault.Corrupt);
        if (Happens(DataFault.Truncate, number))
            return Damage(peer, header, lease, DataFault.Truncate, WireFault.Truncate);
        if (Happens(DataFault.Duplicate, number))
        {
            Count(DataFault.Duplicate);
            _inner.Send(peer, header, lease?.Retain());
        }
        return _inner.Send(peer, header, lease);
    }

    private RefusalReason Damage(string peer, in DataHeader header, DataLease? lease, DataFault fault, WireFault damage)
    {
        Count(fault);
        return _carrier.Send(peer, header, lease, damage);
    }

    private RefusalReason Lose(DataLease? lease, DataFault fault)
    {
        Count(fault);
        lease?.Dispose();
        return RefusalReason.None;
    }

    private RefusalReason Hold(string peer, in DataHeader header, DataLease? lease, long number)
    {
        lock (_lock)
        {
            if (_held.Count < HeldFramesMax)
            {
                Count(DataFault.Delay);
                _held.Add(new HeldFrame(peer, header, lease, number + 1 + _chance.Below((ulong)number * NumbersPerFrame + 8, _options.DelayFramesMax)));
                return RefusalReason.None;
            }
        }
        return _inner.Send(peer, header, lease);
    }

    private void SendHeld(long number)
    {
        while (true)
        {
            HeldFrame frame;
            lock (_lock)
            {
                var index = _held.FindIndex(held => held.Until <= number);
                if (index < 0)
                    return;
                frame = _held[index];
                _held.RemoveAt(index);
            }
            _inner.Send(frame.Peer, frame.Header, frame.Lease);
        }
    }

    private bool IsCutOff(string peer, long number)
    {
        if (!_cutOff.TryGetValue(peer, out var left))
        {
            if (!Happens(DataFault.Partition, number))
                return false;
            left = 1 + _chance.Below((ulong)number * NumbersPerFrame + 9, _options.PartitionFramesMax);
        }
        if (left == 1)
            _cutOff.Remove(peer);
        else
            _cutOff[peer] = left == long.MaxValue ? left : left - 1;
        return true;
    }

    private bool Happens(DataFault fault, long number)
    {
        var chance = _options.ChanceOf(fault);
        return chance > 0 && _chance.UniformDouble((ulong)number * NumbersPerFrame + (ulong)fault) < chance;
    }

    private void Count(DataFault fault) => Interlocked.Increment(ref _fired[(int)fault]);

    private readonly record struct HeldFrame(string Peer, DataHeader Header, DataLease? Lease, long Until);
}
