using System.Text.Json;
using Akka.Actor;
using DistRnn.Protocol;
using DistRnn.Training;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>Runs that are submitted to a <see cref="MachineCluster"/>: what they train, how far they are, and whether they ended as a run alone does.</summary>
internal static class MachineRuns
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Waits until a server has whole content of a number of partitions, and fails where that is not so within a minute.</summary>
    public static Task UntilHeldAsync(RunningNode node, int partitions) => UntilHeldAsync(node, held => held.Count(holding => holding.IsWhole) >= partitions);

    /// <summary>Waits until a server has a copy of a version or a later one, and fails where that is not so within a minute.</summary>
    public static async Task<long> UntilCopiedAsync(RunningNode node, long version)
    {
        var newest = -1L;
        await UntilHeldAsync(node, held => (newest = held.Where(holding => holding is { IsWhole: true, IsOwner: false }).Select(holding => holding.Version).DefaultIfEmpty(-1).Min()) >= version);
        return newest;
    }

    private static async Task UntilHeldAsync(RunningNode node, Func<IReadOnlyList<PartitionHolding>, bool> isReached)
    {
        var begun = Environment.TickCount64;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (IReadOnlyList<PartitionHolding> held; !isReached(held = await HoldingsOfAsync(node)); await timer.WaitForNextTickAsync(Cancellation))
            Assert.True(Environment.TickCount64 - begun < 60_000, "All that is held: " + string.Join(" ", held));
    }

    private static async Task<IReadOnlyList<PartitionHolding>> HoldingsOfAsync(RunningNode node)
    {
        var server = node.Node.Parts.System.ActorSelection("/user/" + NodeParts.ParameterServerName);
        return (await server.Ask<ParameterServerActor.Holdings>(ParameterServerActor.HoldingsQuery.Instance, Cancellation)).Partitions;
    }

    public static JobOptions Job(MachineCluster cluster, ulong seed, int steps)
    {
        var job = SampleJobs.LanguageModel(cluster.Directory, "codec: none", steps);
        return job with { Seed = seed, Training = job.Training with { EvaluateEvery = 100 }, Checkpoint = job.Checkpoint with { EverySteps = 50 } };
    }

    public static void Check(MachineCluster cluster, JobOptions job, JsonElement run)
    {
        var alone = TrainingSession.Run(job, new TrainingRunOptions { OutputDirectory = Path.Combine(cluster.Directory, $"alone-{job.Seed}"), Threads = 1 }, SilentProgress.Instance, Cancellation);
        var summary = run.GetProperty("summary");
        Assert.Equal(alone.Fingerprint, summary.GetProperty("fingerprint").GetString());
        Assert.Equal((job.Training.Steps, job.Training.Steps), ((int)run.GetProperty("step").GetInt64(), (int)run.GetProperty("steps").GetInt64()));
        Assert.Equal(alone.ModelFingerprint, summary.GetProperty("model_fingerprint").GetString());
        var audit = Audit.Run(run.GetProperty("directory").GetString()!);
        Assert.True(audit.Violations.IsEmpty, string.Join(' ', audit.Violations.Select(violation => violation.Reason)));
        Assert.Equal(job.Training.Steps, audit.Updates + audit.Unproven);
        var (expected, rows) = (LossesOf(Path.Combine(cluster.Directory, $"alone-{job.Seed}")), LossesOf(run.GetProperty("directory").GetString()!));
        Assert.InRange(rows.Count, (job.Training.Steps - audit.Unproven)!.Value, job.Training.Steps!.Value);
        Assert.All(rows, row => Assert.Equal(expected[row.Key], row.Value));
        TestContext.Current.SendDiagnosticMessage($"{audit.Updates} updates proven, {audit.Unproven} on the host that is gone.");
    }

    /// <summary>Ends a run before its last step: it is what a run alone of so many steps is, without a rollback, and a fault was noticed in it.</summary>
    public static async Task CheckCancelledAsync(MachineCluster cluster, ClusterClient client, JobOptions job, string name, string fault)
    {
        await client.AskAsync("cancel", new Dictionary<string, string> { ["run"] = name }, Cancellation);
        var summary = (await UntilAsync(client, name, run => run.TryGetProperty("summary", out _))).GetProperty("summary");
        var done = job with { Training = job.Training with { Steps = summary.GetProperty("steps").GetInt32() } };
        var alone = TrainingSession.Run(done, new TrainingRunOptions { OutputDirectory = Path.Combine(cluster.Directory, "alone"), Threads = 1 }, SilentProgress.Instance, Cancellation);
        Assert.Equal(alone.Fingerprint, summary.GetProperty("fingerprint").GetString());
        Assert.True(summary.GetProperty("faults").TryGetProperty(fault, out _), summary.GetRawText());
        Assert.Equal(0, summary.GetProperty("incarnation").GetInt32());
    }

    /// <summary>The loss of each step, of the rows that stand.</summary>
    private static Dictionary<long, double> LossesOf(string directory) => File.ReadLines(Path.Combine(directory, "metrics.jsonl"))
        .Select(line => JsonDocument.Parse(line).RootElement)
        .Where(row => !row.TryGetProperty("superseded", out _))
        .ToDictionary(row => row.GetProperty("step").GetInt64(), row => row.GetProperty("loss").GetDouble());

    public static async Task<JsonElement> EndAsync(ClusterClient client, string name)
    {
        var ended = await UntilAsync(client, name, run => run.TryGetProperty("summary", out _));
        Assert.Equal("completed", ended.GetProperty("status").GetString());
        return ended;
    }

    public static async Task<JsonElement> UntilAsync(ClusterClient client, string name, Func<JsonElement, bool> isReached)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            if (await TryAskAsync(client, name) is { } run)
            {
                if (isReached(run))
                    return run;
                Assert.False(run.GetProperty("status").GetString() == "failed", run.GetProperty("note").GetString());
            }
            await timer.WaitForNextTickAsync(Cancellation);
        }
    }

    /// <summary>Nobody answers while the coordinator moves.</summary>
    private static async Task<JsonElement?> TryAskAsync(ClusterClient client, string name)
    {
        try
        {
            return (await client.AskAsync("run", new Dictionary<string, string> { ["run"] = name }, Cancellation)).GetProperty("run");
        }
        catch (Numerics.InvalidInputException refusal) when (refusal.Message.Contains("No coordinator answers", StringComparison.Ordinal))
        {
            return null;
        }
    }
}
