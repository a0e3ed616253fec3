using Akka.Configuration;

namespace DistRnn.Cluster;

/// <summary>What a failover profile says beside the actor system's settings, under <c>distrnn.failover</c> in its file: how patient the node itself is.</summary>
internal sealed record FailoverTimes
{
    private const string Section = "distrnn.failover";

    private FailoverTimes(Config profile) =>
        (Greeting, StartPatience, ReplaceAfter, TrustAfter) = (TimeOf(profile, "greeting-timeout"), TimeOf(profile, "start-patience"), TimeOf(profile, "replace-after"), TimeOf(profile, "trust-after"));

    /// <summary>The keys that a profile sets, each a time.</summary>
    public static IReadOnlyList<string> Keys { get; } = [$"{Section}.greeting-timeout", $"{Section}.start-patience", $"{Section}.replace-after", $"{Section}.trust-after"];

    /// <summary>How long connecting and greeting may take where tensors and blobs go.</summary>
    public TimeSpan Greeting { get; }

    /// <summary>How long a run waits for the nodes that its job asks for, once it has one of each kind.</summary>
    public TimeSpan StartPatience { get; }

    /// <summary>How long a parameter server must have been unreachable before its partition goes to another one.</summary>
    public TimeSpan ReplaceAfter { get; }

    /// <summary>How long another coordinator must have been reachable to be counted on.</summary>
    public TimeSpan TrustAfter { get; }

    /// <summary>The times of a profile.</summary>
    /// <param name="profile">The profile.</param>
    public static FailoverTimes Of(FailoverProfile profile) => new(ActorSystemHocon.Profile(profile));

    private static TimeSpan TimeOf(Config profile, string key) =>
        profile.GetTimeSpan($"{Section}.{key}", null, allowInfinite: false);
}
