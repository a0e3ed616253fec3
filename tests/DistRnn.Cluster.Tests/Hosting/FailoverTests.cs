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

    [Fact]
    public async Task Node_WhoseCoordinatorEndsThoughItStays_StartsOverAndRunsItAgain()
    {
        var port = FreePort.Take(1)[0];
        var begun = new BlockingCollection<IActorRef>();
        await using var node = await StartAsync(NodeRoles.Coordinator, port, [port], 1, Offer, []);
        await node.WhenMemberAsync(Cancellation);
        var (life, first) = (node.Parts.Id, begun.Take(Cancellation));
        first.Tell(PoisonPill.Instance);
        var second = begun.Take(Cancellation);
        await node.WhenMemberAsync(Cancellation);
        Assert.NotEqual(first, second);
        Assert.NotEqual(life.Life, node.Parts.Id.Life);
        Assert.Equal(1, node.Rejoined);

        void Offer(NodeParts parts)
        {
            Action<IActorRef> started = begun.Add;
            Action ended = parts.StartOverUnlessLeaving;
            parts.OfferCoordinator(Props.Create(() => new SpeakingActor(started, ended)));
        }
    }

    [Fact]
    public async Task Node_WhoseCoordinatorEndsWithIt_IsNotStartedOver()
    {
        var port = FreePort.Take(1)[0];
        var (begun, ended) = (new BlockingCollection<IActorRef>(), 0);
        await using var node = await StartAsync(NodeRoles.Coordinator, port, [port], 1, Offer, []);
        await node.WhenMemberAsync(Cancellation);
        begun.Take(Cancellation);
        await node.LeaveAsync();
        Assert.True(node.Ended.IsCompletedSuccessfully);
        Assert.Equal(1, ended);
        // Longer than a node is given to leave before its coordinator's end counts as one without it.
        using var time = new PeriodicTimer(TimeSpan.FromSeconds(1.5));
        await time.WaitForNextTickAsync(Cancellation);
        Assert.Equal(0, node.Rejoined);

        void Offer(NodeParts parts)
        {
            Action<IActorRef> started = begun.Add;
            Action stopped = () =>
            {
                Interlocked.Increment(ref ended);
                parts.StartOverUnlessLeaving();
            };
            parts.OfferCoordinator(Props.Create(() => new SpeakingActor(started, stopped)));
        }
    }

    private static void OfferPlace(NodeParts parts, BlockingCollection<NodeId> begun)
    {
        Action<IActorRef> started = _ => begun.Add(parts.Id);
        Action ended = () => { };
        parts.OfferCoordinator(Props.Create(() => new SpeakingActor(started, ended)));
    }

    private static Task<ClusterNode> StartAsync(NodeRoles roles, int port, int[] seeds, int coordinators, Action<NodeParts> furnish, ConcurrentQueue<string> reports) =>
        ClusterNode.StartAsync(
            new NodeOptions { Roles = roles, HostName = "127.0.0.1", Port = port, SeedNodes = [.. seeds.Select(seed => new SeedNode("127.0.0.1", seed))], Coordinators = coordinators, Failover = FailoverProfile.Fast },
            DataEndpoint.None, furnish, reports.Enqueue, Cancellation);

    /// <summary>Says that it has started, and that it has ended.</summary>
    private sealed class SpeakingActor(Action<IActorRef> started, Action ended) : UntypedActor
    {
        protected override void PreStart() => started(Self);

        protected override void PostStop() => ended();

        protected override void OnReceive(object message)
        {
        }
    }
}
