using System.Text.Json;
using DistRnn.Numerics;
using DistRnn.Protocol;
using DistRnn.Training;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>A cluster that stands, and somebody who gives it jobs: everything over sockets, data as blobs, each node with directories of its own.</summary>
public sealed class SubmitTests(StandingCluster cluster) : IClassFixture<StandingCluster>
{
    private readonly string _directory = cluster.Directory;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Submit_TwoJobs_AreTrainedOneAfterTheOtherToTheFingerprintOfOneProcess()
    {
        var job = SampleJobs.LanguageModel(_directory, "codec: none", steps: 12);
        var other = job with { Seed = 7 };
        await using var client = ClusterClient.Create([cluster.Seed]);
        var first = await client.SubmitAsync(job, Cancellation);
        var second = await client.SubmitAsync(other, Cancellation);
        Assert.Equal(FingerprintOf(job, "alone-1"), await EndAsync(client, first));
        Assert.Equal(FingerprintOf(other, "alone-2"), await EndAsync(client, second));
        Assert.True(Directory.Exists(Path.Combine(_directory, "one", "jobs")), "A worker lays jobs out beside its blobs.");
        using var listed = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_directory, "coordinator", "runs", first.GetProperty("run").GetString()!, "nodes.json")));
        Assert.Single(listed.RootElement.EnumerateArray(), node => node.TryGetProperty("in_charge", out _) && node.GetProperty("address").GetString() == cluster.Seed.ToString());
        Assert.True(listed.RootElement.EnumerateArray().Count(node => node.GetProperty("roles").EnumerateArray().Any(role => role.GetString() == "worker")) >= 2, listed.RootElement.GetRawText());
        Assert.DoesNotContain(listed.RootElement.EnumerateArray(), node => node.GetProperty("left").ValueKind == JsonValueKind.Null);
        var nodes = await client.AskAsync("nodes", new Dictionary<string, string>(), Cancellation);
        Assert.Equal(3, nodes.GetProperty("nodes").GetArrayLength());
        var runs = await client.AskAsync("runs", new Dictionary<string, string>(), Cancellation);
        Assert.Equal(2, runs.GetProperty("runs").EnumerateArray().Count(run => run.GetProperty("status").GetString() == "completed" && run.GetProperty("steps").GetInt64() == 12));
    }

    [Fact]
    public async Task Cancel_ARunThatTrains_EndsItAndTheNextIsTrained()
    {
        var job = SampleJobs.LanguageModel(_directory, "codec: none", steps: 100_000);
        await using var client = ClusterClient.Create([cluster.Seed]);
        var name = (await client.SubmitAsync(job, Cancellation)).GetProperty("run").GetString()!;
        await UntilAsync(client, name, run => run.GetProperty("step").GetInt64() > 3);
        await client.AskAsync("cancel", new Dictionary<string, string> { ["run"] = name }, Cancellation);
        var ended = await UntilAsync(client, name, run => run.TryGetProperty("summary", out _));
        Assert.Equal("cancelled", ended.GetProperty("status").GetString());
        var next = await client.SubmitAsync(SampleJobs.LanguageModel(_directory, "codec: none", steps: 3), Cancellation);
        await EndAsync(client, next);
    }

    [Fact]
    public async Task Leave_ANodeThatOwnsPartitions_HandsThemOverAndTheRunGoesOn()
    {
        // Far more steps than there is time for: the run is told to end once it has gone on without the node, on machines of any speed.
        var job = SampleJobs.LanguageModel(_directory, "codec: none", steps: 100_000);
        await using var client = ClusterClient.Create([cluster.Seed]);
        var leaving = await cluster.AddAsync("three", NodeRoles.Worker | NodeRoles.ParameterServer, 0);
        await leaving.Node.WhenMemberAsync(Cancellation);
        await UntilListedAsync(client, AddressOf(leaving));
        var name = (await client.SubmitAsync(job, Cancellation)).GetProperty("run").GetString()!;
        await UntilAsync(client, name, state => state.GetProperty("step").GetInt64() > 20);
        await leaving.Node.LeaveAsync();
        var left = (await UntilAsync(client, name, _ => true)).GetProperty("step").GetInt64();
        await UntilAsync(client, name, state => state.GetProperty("step").GetInt64() > left + 10);
        await client.AskAsync("cancel", new Dictionary<string, string> { ["run"] = name }, Cancellation);
        var summary = (await UntilAsync(client, name, state => state.TryGetProperty("summary", out _))).GetProperty("summary");
        var steps = summary.GetProperty("steps").GetInt32();
        Assert.Equal(FingerprintOf(SampleJobs.LanguageModel(_directory, "codec: none", steps), "alone-leave"), summary.GetProperty("fingerprint").GetString());
        var faults = summary.GetProperty("faults");
        Assert.True(faults.TryGetProperty("parameter-server-leaving", out _), faults.GetRawText());
        Assert.False(faults.TryGetProperty("rolled-back", out _), faults.GetRawText());
        Assert.Equal(0, summary.GetProperty("incarnation").GetInt32());
    }

    [Fact]
    public async Task Ask_OfARunThatIsNot_IsOneSentence()
    {
        await using var client = ClusterClient.Create([cluster.Seed]);
        var refusal = await Assert.ThrowsAsync<InvalidInputException>(() => client.AskAsync("run", new Dictionary<string, string> { ["run"] = "nothing" }, Cancellation));
        Assert.Contains("There is no run 'nothing'", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_ByTheOtherNameOfTheCoordinatorsMachine_IsAnswered()
    {
        await using var client = ClusterClient.Create([new SeedNode("localhost", cluster.Seed.Port)]);
        var nodes = await client.AskAsync("nodes", new Dictionary<string, string>(), Cancellation);
        Assert.True(nodes.GetProperty("nodes").GetArrayLength() >= 3);
    }

    [Fact]
    public async Task Ask_WhereNobodyIs_SaysWhatToDo()
    {
        await using var client = ClusterClient.Create([new SeedNode("127.0.0.1", FreePort.Take(1)[0])]);
        var refusal = await Assert.ThrowsAsync<InvalidInputException>(() => client.AskAsync("runs", new Dictionary<string, string>(), Cancellation));
        Assert.Contains("No coordinator answers", refusal.Message, StringComparison.Ordinal);
    }

    private static string AddressOf(RunningNode node) => node.Node.Parts.Id.Address[(node.Node.Parts.Id.Address.IndexOf('@', StringComparison.Ordinal) + 1)..];

    /// <summary>Waits until the coordinator knows a node: a run's partitions are placed on the servers that it knows when the run begins.</summary>
    private static async Task UntilListedAsync(ClusterClient client, string address)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!(await client.AskAsync("nodes", new Dictionary<string, string>(), Cancellation)).GetProperty("nodes").EnumerateArray().Any(node => node.GetProperty("address").GetString() == address))
            await timer.WaitForNextTickAsync(Cancellation);
    }

    private static async Task<string> EndAsync(ClusterClient client, JsonElement run)
    {
        var ended = await UntilAsync(client, run.GetProperty("run").GetString()!, state => state.TryGetProperty("summary", out _) || state.GetProperty("status").GetString() == "failed");
        Assert.Equal("completed", ended.GetProperty("status").GetString());
        return ended.GetProperty("summary").GetProperty("fingerprint").GetString()!;
    }

    private static async Task<JsonElement> UntilAsync(ClusterClient client, string name, Func<JsonElement, bool> isReached)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            var run = (await client.AskAsync("run", new Dictionary<string, string> { ["run"] = name }, Cancellation)).GetProperty("run");
            if (isReached(run))
                return run;
            Assert.False(run.GetProperty("status").GetString() == "failed", run.GetProperty("note").GetString());
            await timer.WaitForNextTickAsync(Cancellation);
        }
    }

    private string FingerprintOf(JobOptions job, string name) =>
        TrainingSession.Run(job, new TrainingRunOptions { OutputDirectory = Path.Combine(_directory, name), Threads = 1 }, SilentProgress.Instance, Cancellation).Fingerprint;
}
