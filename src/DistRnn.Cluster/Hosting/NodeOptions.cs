using DistRnn.Numerics;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>
/// Everything a node has to know to join a cluster. The files under cluster-config give these values under <c>distrnn.node</c>, with the same names
/// in kebab-case; <see cref="NodeOptionsReader"/> reads them.
/// </summary>
public sealed record NodeOptions
{
    /// <summary>The port of control messages that coordinators have unless told otherwise.</summary>
    public const int DefaultPort = 4053;

    /// <summary>What the node does; at least one role.</summary>
    public required NodeRoles Roles { get; init; }

    /// <summary>The name by which other nodes reach this one.</summary>
    public string HostName { get; init; } = "localhost";

    /// <summary>The address to listen on; empty for the one that <see cref="HostName"/> resolves to.</summary>
    public string Bind { get; init; } = "";

    /// <summary>The port of control messages, 0 to 65,535; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>The port of tensors and blobs, 0 to 65,535; 0 takes a free one.</summary>
    public int DataPort { get; init; }

    /// <summary>
    /// Nodes to ask for the cluster, in the same order on every node. The first one starts the cluster. Empty: this node starts one by itself.
    /// </summary>
    public IReadOnlyList<SeedNode> SeedNodes { get; init; } = [];

    /// <summary>How many coordinators the cluster has, 1 or 3; the same on every node.</summary>
    public int Coordinators { get; init; } = 1;

    /// <summary>How soon a silent node is given up; the same on every node.</summary>
    public FailoverProfile Failover { get; init; } = FailoverProfile.Balanced;

    /// <summary>The directory of the node's blobs: jobs, data, checkpoint parts.</summary>
    public string BlobDirectory { get; init; } = "blobs";

    /// <summary>The file of the secret that every node of the cluster shares; empty for none.</summary>
    public string SecretFile { get; init; } = "";

    /// <summary>Threads that a worker or a parameter server computes with; 0 for the machine's cores.</summary>
    public int Threads { get; init; }

    /// <summary>Mutual TLS; null for none.</summary>
    public TlsOptions? Tls { get; init; }

    /// <summary>Settings of the actor system, in HOCON, that win over those of the profile; usually empty.</summary>
    public string ActorSystemOverrides { get; init; } = "";

    /// <summary>Whether the node has a role.</summary>
    /// <param name="role">The role.</param>
    public bool Has(NodeRoles role) => Roles.HasFlag(role);

    /// <summary>Checks the values against each other and against what exists on this machine.</summary>
    /// <exception cref="InvalidInputException">A value is out of its range, a file is missing, or the values contradict each other; the message says which and what is allowed.</exception>
    public void Validate()
    {
        if (Roles == NodeRoles.None)
            throw new InvalidInputException($"roles is empty. A node has at least one of {string.Join(", ", NodeRoleNames.All)}.");
        if (Coordinators is not (1 or 3))
            throw new InvalidInputException($"coordinators is {Coordinators}, and a cluster has 1 or 3: of two that lose sight of each other, neither is a majority.");
        if (HostName.Length == 0 || HostName.Any(char.IsWhiteSpace))
            throw new InvalidInputException($"host-name is '{HostName}'. It is the name by which other nodes reach this one, such as machine-1.");
        if (Threads is < 0 or > 256)
            throw new InvalidInputException($"threads is {Threads}, and it is 0 (the machine's cores) to 256.");
        CheckPort("port", Port);
        CheckPort("data-port", DataPort);
        if (Port != 0 && Port == DataPort)
            throw new InvalidInputException($"port and data-port are both {Port}. Control messages and tensors need a port each.");
        if (SeedNodes.Count == 0 && !Has(NodeRoles.Coordinator))
            throw new InvalidInputException($"seed-nodes is empty, and a node with the roles {string.Join(", ", NodeRoleNames.Of(Roles))} needs to be told where a coordinator is, as host:port.");
        if (BlobDirectory.Length == 0)
            throw new InvalidInputException("blob-directory is empty. It is the directory where this node keeps jobs, data and checkpoint parts.");
        CheckFile("secret-file", SecretFile);
        if (Tls is null)
            return;
        CheckFile("tls.certificate", Tls.CertificateFile);
        CheckFile("tls.password-file", Tls.PasswordFile);
        CheckFile("tls.authority", Tls.AuthorityFile);
    }

    private static void CheckPort(string key, int port)
    {
        if (port is < 0 or > 65_535)
            throw new InvalidInputException($"{key} is {port}, and a port is 0 (any free one) to 65535.");
    }

    private static void CheckFile(string key, string file)
    {
        if (file.Length > 0 && !File.Exists(file))
            throw new InvalidInputException($"{key} names '{file}', and there is no such file.");
    }
}
