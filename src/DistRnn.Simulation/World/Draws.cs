using DistRnn.Numerics;

namespace DistRnn.Simulation;

/// <summary>Random numbers of one kind, one after another: a seed's faults, network and cluster draw from streams of their own, so that one does not shift the others.</summary>
internal sealed class Draws(ulong seed, DrawStream stream)
{
    private readonly Philox _chance = new(seed, PhiloxPurpose.Faults, (ulong)stream);
    private ulong _next;

    /// <summary>An integer from 0 to below a bound.</summary>
    public int Below(int bound) => _chance.Below(_next++, bound);

    /// <summary>Whether something of a probability happens.</summary>
    public bool Happens(double probability) => probability > 0 && _chance.UniformDouble(_next++) < probability;

    /// <summary>A time between two, each as likely.</summary>
    public TimeSpan Between(TimeSpan from, TimeSpan to) => from + TimeSpan.FromTicks((long)((to - from).Ticks * _chance.UniformDouble(_next++)));

    /// <summary>A time between two numbers of milliseconds.</summary>
    public TimeSpan Milliseconds(double from, double to) => Between(TimeSpan.FromMilliseconds(from), TimeSpan.FromMilliseconds(to));

    /// <summary>One of some values.</summary>
    public T OneOf<T>(ReadOnlySpan<T> values) => values[Below(values.Length)];
}

/// <summary>What a stream of random numbers is for.</summary>
internal enum DrawStream
{
    /// <summary>The cluster and the job.</summary>
    Cluster,

    /// <summary>The plan of faults.</summary>
    Plan,

    /// <summary>What becomes of messages.</summary>
    Network,

    /// <summary>How long work takes.</summary>
    Work,

    /// <summary>When members hear of each other.</summary>
    Membership,
}
