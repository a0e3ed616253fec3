using System.Text.Json;
using Akka.Actor;
using DistRnn.Protocol;
using DistRnn.Runtime;
using DistRnn.Training;
using Xunit;
using static DistRnn.Cluster.Tests.MachineRuns;

namespace DistRnn.Cluster.Tests;

/// <summary>The coordinator's machine is lost without a word, with its disk: the next one goes on with its runs from what other machines hold, to the same bits.</summary>
[Collection(MachineCluster.OneAtATime)]
public sealed class TakeOverTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Coordinator_LostWithItsDisk_TheNextGoesOnWithItsRunAndTrainsThoseThatWait()
    {
        await using var cluster = await MachineCluster.StartAsync(3, 2);
        await using var client = ClusterClient.Create(cluster.Seeds);
        var jobs = new[] { Job(cluster, 1, 2500), Job(cluster, 2, 5), Job(cluster, 3, 5) };
        var names = new List<string>();
        foreach (var job in jobs)
            names.Add((await client.SubmitAsync(job, Cancellation)).GetProperty("run").GetString()!);
        // The first worker that is ready computes alone; only one that was ready can be missed.
        var before = await UntilAsync(client, names[0], run => run.GetProperty("step").GetInt64() > 60 && HaveJoined(run, 2));
        var lost = cluster.HolderOf(before);
        await cluster.LoseAsync("n1");
        // Other hosts know of it with the next checkpoint that they hold once it has been written down.
        var directory = before.GetProperty("directory").GetString()!;
        var dead = await UntilAsync(client, names[0], _ => ExecutionFacts.Read(directory) is { } facts && facts.Faults.ContainsKey("worker-lost"));
        await UntilHeldAsync(cluster, names[0], lost, dead.GetProperty("step").GetInt64() + 60);
        await cluster.LoseAsync(lost);
        var after = await EndAsync(client, names[0]);
        var faults = after.GetProperty("summary").GetProperty("faults");
        Assert.True(faults.TryGetProperty("coordinator-lost", out var coordinatorsLost) && coordinatorsLost.GetInt32() == 1, faults.GetRawText());
        Assert.True(faults.TryGetProperty("worker-lost", out var workersLost) && workersLost.GetInt32() == 1, faults.GetRawText());
        Assert.NotEqual(lost, cluster.HolderOf(after));
        Assert.Equal("", RollbacksOf(after));
        Check(cluster, jobs[0], after);
        Check(cluster, jobs[1], await EndAsync(client, names[1]));
        Check(cluster, jobs[2], await EndAsync(client, names[2]));
        Assert.Equal(2, TermsOf(after).Length);
        Assert.Single(TermsOf(await EndAsync(client, names[1])));
    }

    [Fact]
    public async Task Coordinator_LostTogetherWithAPartition_TheNextGoesBackToTheCopiedCheckpoint()
    {
        await using var cluster = await MachineCluster.StartAsync(3, 2);
        await using var client = ClusterClient.Create(cluster.Seeds);
        var job = Job(cluster, 4, 1000);
        job = job with { Cluster = job.Cluster with { Replicas = 0 } };
        var name = (await client.SubmitAsync(job, Cancellation)).GetProperty("run").GetString()!;
        var before = await UntilAsync(client, name, run => run.GetProperty("step").GetInt64() > 60);
        await UntilHeldAsync(cluster, name, cluster.HolderOf(before), 50);
        await Task.WhenAll(cluster.LoseAsync(cluster.HolderOf(before)), cluster.LoseAsync("n1"));
        var after = await EndAsync(client, name);
        Assert.Equal(1, after.GetProperty("summary").GetProperty("incarnation").GetInt32());
        Check(cluster, job, after);
        using var ledger = LedgerReader.Open(Path.Combine(after.GetProperty("directory").GetString()!, Audit.LedgerName));
        Assert.InRange(Assert.Single(ledger.EventsOf<RolledBack>()).To, 50, 1000);
    }

    [Fact]
    public async Task Coordinator_LostWhereShardsAreAppliedOneByOne_TheNextGoesBackToTheCheckpoint()
    {
        await using var cluster = await MachineCluster.StartAsync(3, 2);
        await using var client = ClusterClient.Create(cluster.Seeds);
        var job = Job(cluster, 9, 1500);
        job = job with { Cluster = job.Cluster with { Consistency = "bounded-staleness(1)" } };
        var name = (await client.SubmitAsync(job, Cancellation)).GetProperty("run").GetString()!;
        var lost = cluster.HolderOf(await UntilAsync(client, name, run => run.GetProperty("step").GetInt64() > 120));
        await UntilHeldAsync(cluster, name, lost, 100);
        await cluster.LoseAsync(lost);
        var after = await EndAsync(client, name);
        Assert.NotEqual(lost, cluster.HolderOf(after));
        Assert.Equal(1500, after.GetProperty("step").GetInt64());
        var incarnation = after.GetProperty("summary").GetProperty("incarnation").GetInt32();
        Assert.True(incarnation > 0, "Nothing went back.");
        var audit = Audit.Run(after.GetProperty("directory").GetString()!);
        Assert.True(audit.Violations.IsEmpty, string.Join(' ', audit.Violations.Select(violation => violation.Reason)));
        Assert.InRange(audit.Rollbacks, 1, incarnation);
    }

    [Fact]
    public async Task Coordinator_Deposed_BeginsAgainUnderAHigherTerm()
    {
        await using var cluster = await MachineCluster.StartAsync(1, 2);
        await using var client = ClusterClient.Create(cluster.Seeds);
        var job = Job(cluster, 5, 500);
        var name = (await client.SubmitAsync(job, Cancellation)).GetProperty("run").GetString()!;
        await UntilAsync(client, name, run => run.GetProperty("step").GetInt64() > 20);
        foreach (var server in (string[])["n0", "n1"])
        {
            var parts = cluster[server].Node.Parts;
            var rival = new NodeId("akka.tcp://distrnn@nowhere:1", 1);
            parts.System.ActorSelection("/user/" + NodeParts.ParameterServerName).Tell(new WireEnvelope(rival, parts.Id, NodeRoles.ParameterServer, new PromiseRequest(new RunKey(name, 0), Terms.Above(1000 * Terms.PerRound, rival))));
        }
        var after = await EndAsync(client, name);
        Check(cluster, job, after);
        var terms = TermsOf(after);
        Assert.True(terms.Length > 1 && terms[^1] > 1001 * Terms.PerRound, string.Join(", ", terms));
        Assert.Equal(0, after.GetProperty("summary").GetProperty("incarnation").GetInt32());
    }

    [Fact]
    public async Task Server_ThatOnlyServesAndComesWhileARunIsOnItsWay_CopiesPartitionsAndOwnsThem()
    {
        await using var cluster = await MachineCluster.StartAsync(1, 2);
        await using var client = ClusterClient.Create(cluster.Seeds);
        // Far more steps than there is time for: the run is told to end once it has gone on at the other server.
        var job = Job(cluster, 6, 100_000);
        var name = (await client.SubmitAsync(job, Cancellation)).GetProperty("run").GetString()!;
        await UntilAsync(client, name, run => run.GetProperty("step").GetInt64() > 20);
        await cluster["n1"].Node.LeaveAsync();
        // No worker of this node hears of the run: what it knows of it came with the content of the partitions that it copies.
        await cluster.JoinAsync("s0", NodeRoles.ParameterServer);
        await cluster.JoinAsync("w0", NodeRoles.Worker);
        var copied = await UntilCopiedAsync(cluster["s0"], 0);
        await UntilCopiedAsync(cluster["s0"], copied + 10);
        await cluster["n0"].Node.LeaveAsync();
        var left = (await UntilAsync(client, name, _ => true)).GetProperty("step").GetInt64();
        await UntilAsync(client, name, run => run.GetProperty("step").GetInt64() > left + 10);
        await CheckCancelledAsync(cluster, client, job, name, "parameter-server-leaving");
    }

    private static string RollbacksOf(JsonElement run)
    {
        using var ledger = LedgerReader.Open(Path.Combine(run.GetProperty("directory").GetString()!, Audit.LedgerName));
        return string.Join(' ', ledger.EventsOf<RolledBack>().Select(back => $"{back.From} to {back.To} in term {back.At.Term}: {back.Reason}"));
    }

    private static long[] TermsOf(JsonElement run)
    {
        using var ledger = LedgerReader.Open(Path.Combine(run.GetProperty("directory").GetString()!, Audit.LedgerName));
        return [.. ledger.EventsOf<TermBegan>().Select(began => began.At.Term)];
    }

    private static bool HaveJoined(JsonElement run, int workers)
    {
        using var ledger = LedgerReader.Open(Path.Combine(run.GetProperty("directory").GetString()!, Audit.LedgerName));
        return ledger.EventsOf<WorkerJoined>().Select(joined => joined.Worker).Distinct().Count() >= workers;
    }

    /// <summary>Waits until a host beside the coordinator's holds a checkpoint of a step or a later one, and fails where that is not so within a minute.</summary>
    private static async Task UntilHeldAsync(MachineCluster cluster, string run, string coordinator, long step)
    {
        var begun = Environment.TickCount64;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!Directory.EnumerateDirectories(cluster.Directory).Where(host => Path.GetFileName(host) != coordinator).Any(host => VersionHeld(Path.Combine(host, "copies", run, "index.json")) >= step))
        {
            Assert.True(Environment.TickCount64 - begun < 60_000, $"No host holds a checkpoint of step {step}.");
            await timer.WaitForNextTickAsync(Cancellation);
        }
    }

    private static long VersionHeld(string index) => File.Exists(index) ? CopyIndex.FromJson(File.ReadAllBytes(index)).Version : -1;
}
