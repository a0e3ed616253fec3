using Akka.Cluster;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>Real nodes over loopback sockets: they find each other, and leave in good order.</summary>
public sealed class ClusterNodeTests
{
    [Fact]
    public async Task TwoNodes_OnFreePorts_FormAClusterAndEnd()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var ports = FreePort.Take(2);
        SeedNode[] seeds = [new("localhost", ports[0])];
        await using var first = await ClusterNode.StartAsync(Options(NodeRole.Coordinator, ports[0], seeds), _ => { }, TestContext.Current.SendDiagnosticMessage, cancellation);
        await using var second = await ClusterNode.StartAsync(Options(NodeRole.Worker, ports[1], seeds), _ => { }, TestContext.Current.SendDiagnosticMessage, cancellation);
        await Task.WhenAll(first.WhenMemberAsync(cancellation), second.WhenMemberAsync(cancellation));
        var members = Akka.Cluster.Cluster.Get(second.System).State.Members;
        Assert.Equal(2, members.Count);
        Assert.Contains(members, member => member.HasRole("coordinator"));
        await second.LeaveAsync();
        await first.LeaveAsync();
        Assert.True(first.Ended.IsCompletedSuccessfully);
        Assert.Equal(0, first.Rejoined);
    }

    private static NodeOptions Options(NodeRole role, int port, SeedNode[] seeds) => new() { Roles = [role], Port = port, SeedNodes = seeds, Failover = FailoverProfile.Fast };
}
