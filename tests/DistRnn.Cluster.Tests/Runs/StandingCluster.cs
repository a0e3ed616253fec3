using DistRnn.Protocol;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>A coordinator and two nodes that work and serve, over sockets, each with directories of its own.</summary>
public sealed class StandingCluster : IAsyncLifetime
{
    private readonly List<RunningNode> _nodes = [];

    /// <summary>Where all directories are.</summary>
    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("distrnn-submit").FullName;

    /// <summary>The coordinator.</summary>
    public SeedNode Seed { get; } = new("127.0.0.1", FreePort.Take(1)[0]);

    public async ValueTask InitializeAsync()
    {
        await AddAsync("coordinator", NodeRoles.Coordinator, Seed.Port);
        await AddAsync("one", NodeRoles.Worker | NodeRoles.ParameterServer, 0);
        await AddAsync("two", NodeRoles.Worker | NodeRoles.ParameterServer, 0);
        await Task.WhenAll(_nodes.Select(node => node.Node.WhenMemberAsync(TestContext.Current.CancellationToken)));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            if (!node.Node.Ended.IsCompleted)
                await node.StopAsync();
            await node.DisposeAsync();
        }
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    /// <summary>Starts another node.</summary>
    public async Task<RunningNode> AddAsync(string name, NodeRoles roles, int port)
    {
        var options = new NodeOptions
        {
            Roles = roles,
            HostName = "127.0.0.1",
            Port = port,
            SeedNodes = [Seed],
            Failover = FailoverProfile.Fast,
            Threads = 1,
            BlobDirectory = Path.Combine(Directory, name, "blobs"),
        };
        var node = await RunningNode.StartAsync(options, TestContext.Current.SendDiagnosticMessage, TestContext.Current.CancellationToken);
        _nodes.Add(node);
        return node;
    }
}
