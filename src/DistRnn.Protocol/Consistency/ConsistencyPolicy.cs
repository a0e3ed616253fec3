using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Protocol;

/// <summary>When updates may be made.</summary>
public enum ConsistencyKind
{
    /// <summary>All shards of a step enter one update.</summary>
    Synchronous,

    /// <summary>Shards are applied as they come, but none of a step runs further ahead than a bound.</summary>
    BoundedStaleness,

    /// <summary>Shards are applied as they come.</summary>
    Asynchronous,
}

/// <summary>The key <c>cluster.consistency</c>: which shards may be worked on at once. A pure function of what has been applied.</summary>
public sealed record ConsistencyPolicy
{
    /// <summary>What <see cref="Parse"/> allows, for messages and help.</summary>
    public const string Allowed = "synchronous, bounded-staleness(N) with N from 1 to 1000, asynchronous";

    /// <summary>Steps that an asynchronous run may have open at once, so that tables stay bounded.</summary>
    public const int OpenStepsMax = 1024;

    private ConsistencyPolicy(ConsistencyKind kind, int staleness) => (Kind, Staleness) = (kind, staleness);

    /// <summary>All shards of a step enter one update.</summary>
    public static ConsistencyPolicy Synchronous { get; } = new(ConsistencyKind.Synchronous, 0);

    /// <summary>Which policy.</summary>
    public ConsistencyKind Kind { get; }

    /// <summary>How many steps a shard may run ahead of the slowest; 0 elsewhere than under <see cref="ConsistencyKind.BoundedStaleness"/>.</summary>
    public int Staleness { get; }

    /// <summary>Whether a shard's gradient is applied alone.</summary>
    public bool AppliesShards => Kind != ConsistencyKind.Synchronous;

    /// <summary>Steps that may be open at once, the oldest unfinished one included.</summary>
    public int OpenSteps => Kind switch
    {
        ConsistencyKind.Synchronous => 1,
        ConsistencyKind.BoundedStaleness => Staleness + 1,
        _ => OpenStepsMax,
    };

    /// <summary>Reads the value of the key.</summary>
    /// <param name="text">One of <see cref="Allowed"/>.</param>
    /// <exception cref="InvalidInputException">It is none of them.</exception>
    public static ConsistencyPolicy Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        const string Prefix = "bounded-staleness(";
        var trimmed = text.Trim();
        if (trimmed == "synchronous")
            return Synchronous;
        if (trimmed == "asynchronous")
            return new(ConsistencyKind.Asynchronous, 0);
        if (trimmed.StartsWith(Prefix, StringComparison.Ordinal) && trimmed.EndsWith(')')
            && int.TryParse(trimmed.AsSpan(Prefix.Length, trimmed.Length - Prefix.Length - 1), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var steps)
            && steps is >= 1 and <= 1000)
        {
            return new(ConsistencyKind.BoundedStaleness, steps);
        }
        throw new InvalidInputException($"cluster.consistency is '{text}', which is no policy; allowed: {Allowed}.");
    }

    /// <summary>Whether a shard of a step may be leased.</summary>
    /// <param name="step">The step.</param>
    /// <param name="oldestUnfinished">The oldest step of which some shard has not been applied on every partition.</param>
    public bool MayLease(long step, long oldestUnfinished) => step >= oldestUnfinished && step < oldestUnfinished + OpenSteps;

    /// <summary>The policy as <see cref="Parse"/> reads it.</summary>
    public override string ToString() => Kind switch
    {
        ConsistencyKind.Synchronous => "synchronous",
        ConsistencyKind.BoundedStaleness => string.Create(CultureInfo.InvariantCulture, $"bounded-staleness({Staleness})"),
        _ => "asynchronous",
    };
}
