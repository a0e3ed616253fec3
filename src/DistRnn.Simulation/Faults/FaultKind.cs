using System.Text.Json;

namespace DistRnn.Simulation;

/// <summary>What can go wrong in a simulated cluster. Its name in files and reports is kebab-case.</summary>
public enum FaultKind
{
    /// <summary>A message is lost.</summary>
    MessageLost,

    /// <summary>A message comes twice.</summary>
    MessageDoubled,

    /// <summary>A message is late by up to seconds, so that later ones overtake it.</summary>
    MessageDelayed,

    /// <summary>The network falls into two parts that do not hear each other, and heals.</summary>
    Split,

    /// <summary>One part hears the other but is not heard, and it heals.</summary>
    OneWaySplit,

    /// <summary>A process dies, and another is started at its address.</summary>
    Crash,

    /// <summary>Several processes die at once.</summary>
    MassCrash,

    /// <summary>A process stands still for a while and goes on as if nothing had happened.</summary>
    Stall,

    /// <summary>A process leaves in good order.</summary>
    Leave,

    /// <summary>A new node joins.</summary>
    Join,

    /// <summary>A node computes many times slower from now on.</summary>
    Slowness,

    /// <summary>A disk loses what is on it.</summary>
    DiskLost,

    /// <summary>Two coordinators are active at once for a moment, because the second one begins early.</summary>
    EarlyCoordinator,

    /// <summary>The cluster removed a node that still runs and does not know it.</summary>
    RemovedAlive,
}

/// <summary>Names as people and files spell them.</summary>
internal static class FaultNames
{
    /// <summary>A fault's name.</summary>
    public static string Of(FaultKind kind) => NameOf(kind.ToString());

    /// <summary>A role's name.</summary>
    public static string Of(Protocol.NodeRoles role) => NameOf(role.ToString());

    private static string NameOf(string name) => JsonNamingPolicy.KebabCaseLower.ConvertName(name);
}
