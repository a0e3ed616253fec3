using Akka.Configuration;
using DistRnn.Numerics;
using DistRnn.Protocol;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>The files under cluster-config: each is read into the options that it is for, and says nothing that nobody reads.</summary>
public sealed class ConfigurationFileTests
{
    private static readonly string s_folder = FolderOf();

    public static TheoryData<string, NodeRoles> RoleFiles => new()
    {
        { "coordinator.conf", NodeRoles.Coordinator },
        { "worker.conf", NodeRoles.Worker },
        { "parameter-server.conf", NodeRoles.ParameterServer },
        { "local.conf", NodeRoles.Coordinator | NodeRoles.Worker | NodeRoles.ParameterServer },
    };

    [Theory]
    [MemberData(nameof(RoleFiles))]
    public void RoleFile_Read_IsOfItsRoleAndValid(string file, NodeRoles roles)
    {
        var options = NodeOptionsReader.Read(Path.Combine(s_folder, file));
        options.Validate();
        Assert.Equal(roles, options.Roles);
        Assert.Equal([new SeedNode("localhost", NodeOptions.DefaultPort)], options.SeedNodes);
        Assert.Equal(Path.Combine(s_folder, "blobs"), options.BlobDirectory);
    }

    [Fact]
    public void CoordinatorFile_Explains_EveryKeyWithItsDefault()
    {
        var text = File.ReadAllText(Path.Combine(s_folder, "coordinator.conf"));
        foreach (var key in NodeOptionsReader.Keys)
            Assert.Contains(key.Split('.')[^1] + " =", text, StringComparison.Ordinal);
        var written = NodeOptionsReader.Read(Path.Combine(s_folder, "coordinator.conf"));
        var defaults = new NodeOptions { Roles = NodeRoles.Coordinator };
        Assert.Equal(
            (defaults.HostName, defaults.Bind, defaults.Coordinators, defaults.Failover, defaults.Threads, defaults.SecretFile, defaults.Tls),
            (written.HostName, written.Bind, written.Coordinators, written.Failover, written.Threads, written.SecretFile, written.Tls));
    }

    [Theory]
    [InlineData(FailoverProfile.Fast, 500, 1500)]
    [InlineData(FailoverProfile.Balanced, 1000, 5000)]
    [InlineData(FailoverProfile.Cloud, 1000, 15000)]
    public void Profile_InTheActorSystem_SetsWhatItsFileSays(FailoverProfile profile, int heartbeatMs, int stableMs)
    {
        var settings = ActorSystemHocon.Of(new NodeOptions { Roles = NodeRoles.Worker, Failover = profile }, DataEndpoint.None);
        Assert.Equal(TimeSpan.FromMilliseconds(heartbeatMs), settings.GetTimeSpan("akka.cluster.failure-detector.heartbeat-interval"));
        Assert.Equal(TimeSpan.FromMilliseconds(stableMs), settings.GetTimeSpan("akka.cluster.split-brain-resolver.stable-after"));
        Assert.Equal("keep-majority", settings.GetString("akka.cluster.split-brain-resolver.active-strategy"));
        Assert.Equal("coordinator", settings.GetString("akka.cluster.split-brain-resolver.keep-majority.role"));
    }

    [Theory]
    [InlineData(FailoverProfile.Fast)]
    [InlineData(FailoverProfile.Balanced)]
    [InlineData(FailoverProfile.Cloud)]
    public void Profile_EveryKey_IsReadByAkkaOrTheNode(FailoverProfile profile)
    {
        var known = Akka.Cluster.Tools.Singleton.ClusterSingleton.DefaultConfig()
            .WithFallback(ConfigurationFactory.FromResource<Akka.Cluster.Cluster>("Akka.Cluster.Configuration.Cluster.conf"))
            .WithFallback(ConfigurationFactory.FromResource<Akka.Remote.RemoteActorRefProvider>("Akka.Remote.Configuration.Remote.conf"));
        var keys = KeysOf(ActorSystemHocon.Profile(profile).Root.GetObject(), "").ToArray();
        Assert.NotEmpty(keys);
        Assert.All(keys.Except(FailoverTimes.Keys, StringComparer.Ordinal), key => Assert.True(known.HasPath(key), $"Akka has no {key}."));
        Assert.Subset(keys.ToHashSet(StringComparer.Ordinal), FailoverTimes.Keys.ToHashSet(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(FailoverProfile.Fast, 5000, 5000, 200, 3000)]
    [InlineData(FailoverProfile.Balanced, 5000, 5000, 1000, 6000)]
    [InlineData(FailoverProfile.Cloud, 15000, 30000, 1000, 12000)]
    public void Profile_OfTheNode_SaysHowPatientItIs(FailoverProfile profile, int greetingMs, int startMs, int replaceMs, int trustMs)
    {
        var times = FailoverTimes.Of(profile);
        Assert.Equal(trustMs, times.TrustAfter.TotalMilliseconds);
        Assert.True(times.TrustAfter > ActorSystemHocon.Profile(profile).GetTimeSpan("akka.cluster.failure-detector.acceptable-heartbeat-pause", null, false));
        Assert.Equal((greetingMs, startMs, replaceMs), (times.Greeting.TotalMilliseconds, times.StartPatience.TotalMilliseconds, times.ReplaceAfter.TotalMilliseconds));
        Assert.Equal(greetingMs, ClusterLink.PlaneOf(new NodeOptions { Roles = NodeRoles.Worker, Failover = profile }).GreetingMs);
    }

    [Fact]
    public void Overrides_OfAFilesAkkaSection_WinOverTheProfile()
    {
        var options = NodeOptionsReader.Parse("distrnn.node.roles = [worker]\nakka.cluster.gossip-interval = 321ms", "test", Environment.CurrentDirectory);
        Assert.Equal(TimeSpan.FromMilliseconds(321), ActorSystemHocon.Of(options, DataEndpoint.None).GetTimeSpan("akka.cluster.gossip-interval"));
    }

    [Theory]
    [InlineData("distrnn.node { roles = [worker], seeds = [a] }", "'seeds' is not a key")]
    [InlineData("distrnn.node { roles = [boss] }", "a role is one of coordinator, worker, parameter-server")]
    [InlineData("distrnn.node { roles = [worker], failover = quick }", "one of balanced, fast, cloud")]
    [InlineData("distrnn.node { roles = [worker], port = many }", "port is 'many'")]
    [InlineData("distrnn.node { roles = [worker], seed-nodes = [\"a:b\"] }", "'a:b' is not a seed node")]
    [InlineData("distrnn.node { roles = [worker], tls { certificate = a } }", "tls needs both")]
    public void Parse_Mistake_IsOneSentence(string text, string sentence)
    {
        var refusal = Assert.Throws<InvalidInputException>(() => NodeOptionsReader.Parse(text, "node.conf", Environment.CurrentDirectory));
        Assert.Contains(sentence, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("coordinators", "2", "1 or 3")]
    [InlineData("port", "70000", "0 (any free one) to 65535")]
    [InlineData("host-name", "two words", "host-name is 'two words'")]
    [InlineData("secret-file", "nowhere", "there is no such file")]
    [InlineData("threads", "1000", "0 (the machine's cores) to 256")]
    [InlineData("seed-nodes", "", "needs to be told where a coordinator is")]
    public void Validate_ValueOutOfRange_SaysWhatIsAllowed(string key, string value, string sentence)
    {
        var options = NodeOptionsReader.Of([new("roles", "worker"), new("seed-nodes", "localhost:1"), new(key, value)]);
        Assert.Contains(sentence, Assert.Throws<InvalidInputException>(options.Validate).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("machine-1:99", "machine-1", 99)]
    [InlineData(" machine-1 ", "machine-1", 4053)]
    [InlineData("[::1]:7", "::1", 7)]
    public void SeedNode_Parse_ReadsHostAndPort(string text, string host, int port) => Assert.Equal(new SeedNode(host, port), SeedNode.Parse(text));

    private static IEnumerable<string> KeysOf(Akka.Configuration.Hocon.HoconObject section, string prefix) =>
        section.Items.SelectMany(item => item.Value.IsObject() ? KeysOf(item.Value.GetObject(), prefix + item.Key + ".") : [prefix + item.Key]);

    private static string FolderOf()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "DistRnn.sln")))
            folder = folder.Parent;
        return Path.Combine(folder!.FullName, "cluster-config");
    }
}
