using System.Collections.Concurrent;
using DistRnn.Numerics;
using DistRnn.Protocol;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>Real nodes over loopback sockets: they find each other, refuse what does not fit, and leave in good order.</summary>
public sealed class ClusterNodeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TwoNodes_OnFreePorts_FormAClusterAndEnd()
    {
        var ports = FreePort.Take(2);
        await using var first = await StartAsync(Options(NodeRoles.Coordinator, ports[0], ports[0]));
        await using var second = await StartAsync(Options(NodeRoles.Worker | NodeRoles.ParameterServer, ports[1], ports[0]), new DataEndpoint("data-plane", 777));
        await Task.WhenAll(first.WhenMemberAsync(Cancellation), second.WhenMemberAsync(Cancellation));
        Assert.True(second.Parts.Directory.TryFind(second.Parts.Id, out var member));
        Assert.Equal((NodeRoles.Worker | NodeRoles.ParameterServer, new DataEndpoint("data-plane", 777), "localhost"), (member.Roles, member.Data, member.Host));
        Assert.Equal(2, second.Parts.Directory.Members.Count);
        await second.LeaveAsync();
        await first.LeaveAsync();
        Assert.True(first.Ended.IsCompletedSuccessfully);
        Assert.Equal(0, first.Rejoined);
    }

    [Fact]
    public async Task ANode_GivenItselfAsSeedByItsOtherName_KnowsItself()
    {
        var port = FreePort.Take(1)[0];
        await using var node = await StartAsync(Options(NodeRoles.Coordinator, port, port) with { SeedNodes = [new SeedNode("127.0.0.1", port)] });
        await node.WhenMemberAsync(Cancellation);
        Assert.Equal("localhost", node.Parts.Directory.Members.Single().Host);
        Assert.Equal(0, node.Rejoined);
    }

    [Fact]
    public async Task AnActorThatFails_EndsTheLifeOfItsNode_AndTheNextOneIsAMemberAgain()
    {
        var port = FreePort.Take(1)[0];
        await using var node = await StartAsync(Options(NodeRoles.Coordinator, port, port));
        await node.WhenMemberAsync(Cancellation);
        var life = node.Parts;
        life.Directory.Changed += (_, _) => throw new InvalidOperationException("This handler fails.");
        life.Membership.Tell(new LeavingNotice(life.Id), Akka.Actor.ActorRefs.NoSender);
        await life.System.WhenTerminated.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        while (node.Parts == life)
            await Task.Yield();
        await node.WhenMemberAsync(Cancellation);
        Assert.Equal(1, node.Rejoined);
        Assert.NotEqual(life.Id, node.Parts.Id);
    }

    [Fact]
    public async Task StartAsync_PortTaken_SaysSo()
    {
        var port = FreePort.Take(1)[0];
        await using var first = await StartAsync(Options(NodeRoles.Coordinator, port, port));
        var refusal = await Assert.ThrowsAsync<InvalidInputException>(() => StartAsync(Options(NodeRoles.Worker, port, port)));
        Assert.Contains($"Port {port} is taken", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StartAsync_BoundToAllAddresses_IsReachedByItsName()
    {
        var port = FreePort.Take(1)[0];
        await using var node = await StartAsync(Options(NodeRoles.Coordinator, port, port) with { Bind = "0.0.0.0" });
        await node.WhenMemberAsync(Cancellation);
        Assert.Equal($"akka.tcp://distrnn@localhost:{port}", node.Parts.Id.Address);
    }

    [Fact]
    public async Task WhenMemberAsync_OtherNumberOfCoordinators_FailsWithOneSentence()
    {
        var ports = FreePort.Take(2);
        await using var first = await StartAsync(Options(NodeRoles.Coordinator, ports[0], ports[0]));
        await first.WhenMemberAsync(Cancellation);
        var other = await StartAsync(Options(NodeRoles.Worker, ports[1], ports[0]) with { Coordinators = 3 });
        var refusal = await Assert.ThrowsAsync<InvalidInputException>(() => other.Ended.WaitAsync(Cancellation));
        Assert.Contains("expects 3 coordinators", refusal.Message, StringComparison.Ordinal);
        await other.DisposeAsync();
    }

    [Fact]
    public async Task StartAsync_TwoCoordinatorsExpected_IsRefused()
    {
        var refusal = await Assert.ThrowsAsync<InvalidInputException>(() => StartAsync(Options(NodeRoles.Coordinator, 0, 1) with { Coordinators = 2 }));
        Assert.Contains("1 or 3", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Membership_NodeLeaves_IsToldInOrder()
    {
        var ports = FreePort.Take(2);
        var changes = new BlockingCollection<MemberChanged>();
        await using var first = await StartAsync(Options(NodeRoles.Coordinator, ports[0], ports[0]), furnish: parts => parts.Subscribe(Listener.In(parts.System, changes)));
        await first.WhenMemberAsync(Cancellation);
        await using var second = await StartAsync(Options(NodeRoles.Worker, ports[1], ports[0]));
        await second.WhenMemberAsync(Cancellation);
        var id = second.Parts.Id;
        await second.LeaveAsync();
        var seen = new List<MemberStatus>();
        while (seen.LastOrDefault() != MemberStatus.Removed)
        {
            var change = changes.Take(Cancellation);
            if (change.Node == id)
                seen.Add(change.Status);
        }
        Assert.Equal([MemberStatus.Up, MemberStatus.Leaving, MemberStatus.Removed], seen.Where(status => status != MemberStatus.Unreachable).Distinct());
    }

    private static Task<ClusterNode> StartAsync(NodeOptions options, DataEndpoint? data = null, Action<NodeParts>? furnish = null) =>
        ClusterNode.StartAsync(options, data ?? DataEndpoint.None, furnish ?? (_ => { }), TestContext.Current.SendDiagnosticMessage, Cancellation);

    private static NodeOptions Options(NodeRoles roles, int port, int seed) => new() { Roles = roles, Port = port, SeedNodes = [new("localhost", seed)], Failover = FailoverProfile.Fast };
}
