using System.Globalization;
using Akka.Actor;
using Akka.Cluster;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>What the membership tells of a node: who it is, what it does, where its data connections are. It travels with the membership itself, so
/// that whoever sees a member knows it.</summary>
/// <param name="Id">The node; its life is the number that Akka gives each actor system.</param>
/// <param name="Address">Its address for control messages.</param>
/// <param name="Roles">What it does.</param>
/// <param name="Data">Where its tensors and blobs arrive.</param>
/// <param name="ProcessId">The number of its process on its machine; 0 where it is not known.</param>
/// <param name="Version">What it must have in common with the others; see <see cref="ActorSystemHocon.VersionOf"/>.</param>
public sealed record MemberFacts(NodeId Id, Address Address, NodeRoles Roles, DataEndpoint Data, int ProcessId, string Version)
{
    private const string DataPrefix = "data-";
    private const string ProcessPrefix = "pid-";

    /// <summary>The name of the host, for data connections.</summary>
    public string Host => Address.Host ?? "";

    internal static MemberFacts Of(Member member) =>
        new(IdOf(member.UniqueAddress), member.Address, NodeRoleNames.Among(member.Roles), DataOf(member.Roles), ProcessOf(member.Roles), member.AppVersion.ToString());

    internal static NodeId IdOf(UniqueAddress address) => new(address.Address.ToString(), address.Uid);

    /// <summary>This process and its data endpoint, written as names that Akka hands on with the membership.</summary>
    internal static IEnumerable<string> RolesOf(DataEndpoint data) =>
        [string.Create(CultureInfo.InvariantCulture, $"{DataPrefix}{data.Port}-{data.Name}"), string.Create(CultureInfo.InvariantCulture, $"{ProcessPrefix}{Environment.ProcessId}")];

    private static int ProcessOf(IEnumerable<string> roles)
    {
        foreach (var role in roles.Where(role => role.StartsWith(ProcessPrefix, StringComparison.Ordinal)))
        {
            if (int.TryParse(role.AsSpan(ProcessPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var process))
                return process;
        }
        return 0;
    }

    private static DataEndpoint DataOf(IEnumerable<string> roles)
    {
        foreach (var role in roles.Where(role => role.StartsWith(DataPrefix, StringComparison.Ordinal)))
        {
            var dash = role.IndexOf('-', DataPrefix.Length);
            if (dash > 0 && int.TryParse(role.AsSpan(DataPrefix.Length, dash - DataPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
                return new DataEndpoint(role[(dash + 1)..], port);
        }
        return DataEndpoint.None;
    }
}
