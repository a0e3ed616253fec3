using System.Collections.Immutable;
using DistRnn.Protocol;

namespace DistRnn.Simulation;

/// <summary>Who is in a cluster, and how its machines are set.</summary>
internal sealed record ClusterShape
{
    /// <summary>What addresses of hosts that may join later begin with.</summary>
    public const string SparePrefix = "spare";

    /// <summary>Hosts that are there from the beginning.</summary>
    public required ImmutableArray<(string Address, NodeRoles Roles)> Hosts { get; init; }

    /// <summary>Hosts that may join.</summary>
    public required ImmutableArray<(string Address, NodeRoles Roles)> Spares { get; init; }

    /// <summary>Into how many partitions the vector is cut.</summary>
    public required int Partitions { get; init; }

    /// <summary>Workers.</summary>
    public int Workers => Hosts.Count(host => (host.Roles & NodeRoles.Worker) != 0);

    /// <summary>Parameter servers.</summary>
    public int Servers => Hosts.Count(host => (host.Roles & NodeRoles.ParameterServer) != 0);

    /// <summary>Coordinators.</summary>
    public int Coordinators => Hosts.Count(host => (host.Roles & NodeRoles.Coordinator) != 0);

    /// <summary>How coordinators are set.</summary>
    public CoordinatorOptions Coordinator => new() { Coordinators = Coordinators, LeaseMin = LeaseMin, StartPatience = TimeSpan.FromSeconds(2) };

    /// <summary>Copies of each partition beside the owner's.</summary>
    public required int Replicas { get; init; }

    /// <summary>Whether idle workers copy slow leases.</summary>
    public required bool Speculates { get; init; }

    /// <summary>The share of leases that are computed twice.</summary>
    public required double VerifiedShare { get; init; }

    /// <summary>The shortest lease.</summary>
    public required TimeSpan LeaseMin { get; init; }

    /// <summary>Draws a cluster of 1 to 7 workers, 1 to 4 parameter servers and 1 or 3 coordinators, each alone in a process or together with others.</summary>
    /// <param name="draws">Where its numbers come from.</param>
    public static ClusterShape Draw(Draws draws)
    {
        var (workers, servers, coordinators) = (1 + draws.Below(7), 1 + draws.Below(4), draws.Happens(0.5) ? 1 : 3);
        var (serversApart, coordinatorsApart) = (draws.Happens(0.3), draws.Happens(0.6));
        var hosts = new List<(string Address, NodeRoles Roles)>();
        for (var i = 0; i < workers; i++)
            hosts.Add((FormattableString.Invariant($"node{i}"), NodeRoles.Worker));
        Place(servers, NodeRoles.ParameterServer, "server", serversApart);
        Place(coordinators, NodeRoles.Coordinator, "head", coordinatorsApart);
        var shape = new ClusterShape
        {
            Hosts = [.. hosts],
            Spares = [("spare0", NodeRoles.Worker), ("spare1", NodeRoles.Worker | NodeRoles.ParameterServer)],
            Partitions = 1 + draws.Below(Math.Max(3, servers)),
            Replicas = draws.Happens(0.8) ? 1 : 0,
            Speculates = draws.Happens(0.7),
            VerifiedShare = draws.Happens(0.3) ? 0.3 : 0,
            LeaseMin = draws.Milliseconds(1_500, 10_000),
        };
        return shape with { Replicas = shape.Replicas * (draws.Happens(0.4) ? 2 : 1) };

        void Place(int count, NodeRoles role, string name, bool isApart)
        {
            for (var i = 0; i < count; i++)
            {
                if (!isApart && i < hosts.Count)
                    hosts[i] = (hosts[i].Address, hosts[i].Roles | role);
                else
                    hosts.Add((FormattableString.Invariant($"{name}{i}"), role));
            }
        }
    }
}
