using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>What roles are called in files, on the command line and in the membership.</summary>
public static class NodeRoleNames
{
    private static readonly (NodeRoles Role, string Name)[] s_names =
        [(NodeRoles.Coordinator, "coordinator"), (NodeRoles.Worker, "worker"), (NodeRoles.ParameterServer, "parameter-server")];

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All { get; } = [.. s_names.Select(pair => pair.Name)];

    /// <summary>The names of some roles, in a fixed order.</summary>
    /// <param name="roles">The roles.</param>
    public static IReadOnlyList<string> Of(NodeRoles roles) => [.. s_names.Where(pair => roles.HasFlag(pair.Role)).Select(pair => pair.Name)];

    /// <summary>The role of a name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="role">The role, or none.</param>
    /// <returns>Whether there is one.</returns>
    public static bool TryParse(string name, out NodeRoles role)
    {
        role = s_names.FirstOrDefault(pair => string.Equals(pair.Name, name, StringComparison.Ordinal)).Role;
        return role != NodeRoles.None;
    }

    /// <summary>The roles among some names; others are left out.</summary>
    /// <param name="names">Names.</param>
    public static NodeRoles Among(IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        return names.Aggregate(NodeRoles.None, (roles, name) => TryParse(name, out var role) ? roles | role : roles);
    }
}
