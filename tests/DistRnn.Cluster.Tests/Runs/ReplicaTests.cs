using DistRnn.Protocol;
using Xunit;
using static DistRnn.Cluster.Tests.MachineRuns;

namespace DistRnn.Cluster.Tests;

/// <summary>Copies of partitions on other machines: how many are lost at once without a step being computed again.</summary>
[Collection(MachineCluster.OneAtATime)]
public sealed class ReplicaTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Servers_TwoOfThreeLostTogether_TheSecondCopyGoesOnWithoutARollback()
    {
        await using var cluster = await MachineCluster.StartAsync(1, 3);
        await using var client = ClusterClient.Create(cluster.Seeds);
        var job = Job(cluster, 7, 600);
        job = job with { Cluster = job.Cluster with { Replicas = 2 } };
        var name = (await client.SubmitAsync(job, Cancellation)).GetProperty("run").GetString()!;
        await UntilAsync(client, name, run => run.GetProperty("step").GetInt64() > 20);
        // The one that is left holds every partition: what it does not own it copies.
        await UntilHeldAsync(cluster["n2"], partitions: 3);
        await Task.WhenAll(cluster.LoseAsync("n0"), cluster.LoseAsync("n1"));
        var after = await EndAsync(client, name);
        var summary = after.GetProperty("summary");
        Assert.True(summary.GetProperty("faults").TryGetProperty("parameter-server-lost", out _), summary.GetRawText());
        Assert.Equal(0, summary.GetProperty("incarnation").GetInt32());
        Check(cluster, job, after);
    }

    [Fact]
    public async Task Server_ThatComesToARunWithOneServer_CopiesItAndGoesOnWhenThatOneIsLost()
    {
        await using var cluster = await MachineCluster.StartAsync(1, 1);
        await using var client = ClusterClient.Create(cluster.Seeds);
        // Far more steps than there is time for: the run is told to end once it has gone on at the other server.
        var job = Job(cluster, 8, 100_000);
        var name = (await client.SubmitAsync(job, Cancellation)).GetProperty("run").GetString()!;
        await UntilAsync(client, name, run => run.GetProperty("step").GetInt64() > 20);
        await cluster.JoinAsync("late", NodeRoles.Worker | NodeRoles.ParameterServer);
        await UntilHeldAsync(cluster["late"], partitions: 1);
        await cluster.LoseAsync("n0");
        var lost = (await UntilAsync(client, name, _ => true)).GetProperty("step").GetInt64();
        await UntilAsync(client, name, run => run.GetProperty("step").GetInt64() > lost + 10);
        await CheckCancelledAsync(cluster, client, job, name, "parameter-server-lost");
    }
}
