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
/// <param name="Version">What it must have in common with the others; see <see cref="ActorSystemHocon.VersionOf"/>.</param>
public sealed record MemberFacts(NodeId Id, Address Address, NodeRoles Roles, DataEndpoint Data, string Version)
{
    private const string DataPrefix = "data-";

    /// <summary>The name of the host, for data connections.</summary>
    public string Host => Address.Host ?? "";

    internal static MemberFacts Of(Member member) =>
        new(IdOf(member.UniqueAddress), member.Address, NodeRoleNames.Among(member.Roles), DataOf(member.Roles), member.AppVersion.ToString());

    internal static NodeId IdOf(UniqueAddress address) => new(address.Address.ToString(), address.Uid);

    /// <summary>A node's data endpoint, written as one of the names that Akka hands on with the membership.</summary>
    internal static string RoleOf(DataEndpoint data) => string.Create(CultureInfo.InvariantCulture, $"{DataPrefix}{data.Port}-{data.Name}");

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
