using System.Collections.Concurrent;
using System.Diagnostics;
using Akka.Actor;
using DistRnn.Protocol;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>What the membership does when nodes are lost, in real time over loopback sockets.</summary>
public sealed class FailoverTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Node_TakenForDead_JoinsAgainAsAnotherLife()
    {
        var ports = FreePort.Take(2);
        var lives = new BlockingCollection<NodeId>();
        var reports = new ConcurrentQueue<string>();
        await using var first = await StartAsync(NodeRoles.Coordinator, ports[0], [ports[0]], 1, _ => { }, reports);
        await using var second = await StartAsync(NodeRoles.Worker, ports[1], [ports[0]], 1, parts => lives.Add(parts.Id), reports);
        await Task.WhenAll(first.WhenMemberAsync(Cancellation), second.WhenMemberAsync(Cancellation));
        var before = lives.Take(Cancellation);
        var cluster = Akka.Cluster.Cluster.Get(first.Parts.System);
        cluster.Down(Address.Parse(before.Address));
        var after = lives.Take(Cancellation);
        await second.WhenMemberAsync(Cancellation);
        Assert.Equal(before.Address, after.Address);
        Assert.NotEqual(before.Life, after.Life);
        Assert.Equal(1, second.Rejoined);
        Assert.Contains(reports, report => report.Contains("took this node for dead", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Node_ThatLeavesWhileItsNextLifeBegins_Ends()
    {
        var ports = FreePort.Take(2);
        var (lives, told) = (0, new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously));
        ClusterNode? leaving = null;
        await using var first = await StartAsync(NodeRoles.Coordinator, ports[0], [ports[0]], 1, _ => { }, []);
        await using var second = leaving = await StartAsync(NodeRoles.Worker, ports[1], [ports[0]], 1, Furnish, []);
        await Task.WhenAll(first.WhenMemberAsync(Cancellation), second.WhenMemberAsync(Cancellation));
        Akka.Cluster.Cluster.Get(first.Parts.System).Down(Address.Parse(second.Parts.Id.Address));
        await await told.Task.WaitAsync(Cancellation);
        Assert.True(second.Ended.IsCompletedSuccessfully);

        void Furnish(NodeParts parts)
        {
            if (++lives == 2)
                told.SetResult(leaving!.LeaveAsync());
        }
    }

    [Fact]
    public async Task WhenMemberAsync_OfANodeWhoseFirstLifeFindsNobody_WaitsForTheNext()
    {
        var ports = FreePort.Take(2);
        var lives = new BlockingCollection<NodeId>();
        await using var node = await StartAsync(NodeRoles.Worker, ports[1], [ports[0]], 1, parts => lives.Add(parts.Id), []);
        lives.Take(Cancellation);
        var member = node.WhenMemberAsync(Cancellation);
        await node.Parts.System.Terminate();
        lives.Take(Cancellation);
        Assert.False(member.IsCompleted);
        await using var first = await StartAsync(NodeRoles.Coordinator, ports[0], [ports[0]], 1, _ => { }, []);
        await member;
        Assert.Equal(2, first.Parts.Directory.Members.Count);
    }

    [Fact]
    public async Task Coordinator_NodeOfTheSingletonDies_AnotherNodeRunsItSoon()
    {
        var ports = FreePort.Take(3);
        var begun = new BlockingCollection<NodeId>();
        var nodes = new List<ClusterNode>();
        foreach (var port in ports)
            nodes.Add(await StartAsync(NodeRoles.Coordinator, port, ports, 3, parts => OfferPlace(parts, begun), []));
        await Task.WhenAll(nodes.Select(node => node.WhenMemberAsync(Cancellation)));
        var first = begun.Take(Cancellation);
        var watch = Stopwatch.StartNew();
        await nodes.Single(node => node.Parts.Id == first).StopAsync();
        var second = begun.Take(Cancellation);
        TestContext.Current.SendDiagnosticMessage($"The singleton moved in {watch.Elapsed.TotalSeconds:0.0} s.");
        Assert.NotEqual(first, second);
        Assert.Contains(nodes, node => node.Parts.Id == second);
        foreach (var node in nodes)
        {
            if (node.Parts.Id != first)
                await node.StopAsync();
            await node.DisposeAsync();
        }
    }

    private static void OfferPlace(NodeParts parts, BlockingCollection<NodeId> begun)
    {
        Action started = () => begun.Add(parts.Id);
        parts.OfferCoordinator(Props.Create(() => new StartingActor(started)));
    }

    private static Task<ClusterNode> StartAsync(NodeRoles roles, int port, int[] seeds, int coordinators, Action<NodeParts> furnish, ConcurrentQueue<string> reports) =>
        ClusterNode.StartAsync(
            new NodeOptions { Roles = roles, HostName = "127.0.0.1", Port = port, SeedNodes = [.. seeds.Select(seed => new SeedNode("127.0.0.1", seed))], Coordinators = coordinators, Failover = FailoverProfile.Fast },
            DataEndpoint.None, furnish, reports.Enqueue, Cancellation);

    /// <summary>Says that it has started.</summary>
    private sealed class StartingActor(Action started) : UntypedActor
    {
        protected override void PreStart() => started();

        protected override void OnReceive(object message)
        {
        }
    }
}
