using System.Globalization;
using System.Reflection;
using System.Text;
using Akka.Configuration;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>The settings of a node's actor system: its options, above the failover profile, above what all nodes have, as cluster-config says it.</summary>
internal static class ActorSystemHocon
{
    /// <summary>The settings for Akka.</summary>
    /// <param name="options">The node's options, validated.</param>
    /// <param name="data">Where the node's tensors and blobs arrive.</param>
    public static Config Of(NodeOptions options, DataEndpoint data) =>
        ConfigurationFactory.ParseString(options.ActorSystemOverrides)
            .WithFallback(ConfigurationFactory.ParseString(FromOptions(options, data)))
            .WithFallback(Profile(options.Failover))
            .WithFallback(Embedded("akka.conf"));

    /// <summary>The settings of a failover profile.</summary>
    /// <param name="profile">The profile.</param>
    public static Config Profile(FailoverProfile profile) => Embedded($"failover.{JobNames.Of(profile)}.conf");

    /// <summary>The settings of a file of cluster-config, which the assembly carries.</summary>
    /// <param name="name">Its path below cluster-config, with dots for slashes.</param>
    public static Config Embedded(string name) => ConfigurationFactory.ParseString(EmbeddedText(name));

    /// <summary>What all nodes of a cluster must have in common, as the version that the membership shows: wire format, coordinators, profile.</summary>
    /// <param name="options">The node's options.</param>
    public static string VersionOf(NodeOptions options) =>
        string.Create(CultureInfo.InvariantCulture, $"{WireFormat.Version}.{options.Coordinators}.{(int)options.Failover}");

    private static string EmbeddedText(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("cluster-config." + name) ?? throw new InvalidOperationException($"The assembly carries no cluster-config/{name}.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static string FromOptions(NodeOptions options, DataEndpoint data)
    {
        var text = new StringBuilder();
        // The version travels with the membership, so that nodes which cannot work together see it: see MembershipActor.
        Line("akka.cluster.app-version", Quoted(VersionOf(options)));
        Line("akka.cluster.roles", $"[{string.Join(", ", NodeRoleNames.Of(options.Roles).Concat(MemberFacts.RolesOf(data)).Select(Quoted))}]");
        Line("akka.remote.dot-netty.tcp.port", options.Port.ToString(CultureInfo.InvariantCulture));
        Line("akka.remote.dot-netty.tcp.hostname", Quoted(options.Bind.Length > 0 ? options.Bind : options.HostName));
        Line("akka.remote.dot-netty.tcp.public-hostname", Quoted(options.HostName));
        // The certificate itself is handed over as an object: see NodeTls.
        if (options.Tls is not null)
            Line("akka.remote.dot-netty.tcp.enable-ssl", "true");
        return text.ToString();

        void Line(string key, string value) => text.Append(key).Append(" = ").Append(value).Append('\n');
    }

    private static string Quoted(string value) => "\"" + value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
