using DistRnn.Protocol;

namespace DistRnn.Simulation;

/// <summary>A machine of the simulated cluster: an address and a disk, and one process after another.</summary>
internal sealed class SimulatedHost(string address, NodeRoles roles)
{
    /// <summary>Its address.</summary>
    public string Address { get; } = address;

    /// <summary>What its processes do.</summary>
    public NodeRoles Roles { get; } = roles;

    /// <summary>Its disk, which outlives processes.</summary>
    public SimulatedDisk Disk { get; } = new();

    /// <summary>Processes so far.</summary>
    public long Lives { get; set; }

    /// <summary>The process that runs, or null.</summary>
    public SimulatedProcess? Process { get; set; }

    /// <summary>Whether it has left for good, or has not joined yet: nobody starts it.</summary>
    public bool IsAway { get; set; }

    /// <summary>How many times slower than others it computes.</summary>
    public double Slowness { get; set; } = 1;
}
