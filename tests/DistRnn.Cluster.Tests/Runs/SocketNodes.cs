using DistRnn.Protocol;

namespace DistRnn.Cluster.Tests;

/// <summary>Nodes of this process that reach each other, and the coordinator, only through sockets.</summary>
internal sealed class SocketNodes : IAsyncDisposable
{
    private readonly List<RunningNode> _nodes = [];

    public IReadOnlyList<RunningNode> Nodes => _nodes;

    public static SocketNodes Start(SeedNode seed, int workers, int servers, Action<string> report)
    {
        var nodes = new SocketNodes();
        for (var i = 0; i < Math.Max(workers, servers); i++)
        {
            var roles = (i < workers ? NodeRoles.Worker : NodeRoles.None) | (i < servers ? NodeRoles.ParameterServer : NodeRoles.None);
            var options = new NodeOptions { Roles = roles, HostName = "127.0.0.1", SeedNodes = [seed], Failover = FailoverProfile.Fast, Threads = 1 };
            nodes._nodes.Add(RunningNode.StartAsync(options, report).GetAwaiter().GetResult());
        }
        return nodes;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.StopAsync();
            await node.DisposeAsync();
        }
    }
}
