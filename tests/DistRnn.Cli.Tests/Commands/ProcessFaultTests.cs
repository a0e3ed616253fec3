using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Xunit;

namespace DistRnn.Cli.Tests;

/// <summary>Real processes that are killed and stopped in the middle of a run: it ends in the bits of a run that nothing happened to, and the ledger proves it.</summary>
public sealed class ProcessFaultTests
{
    private const int Steps = 200;

    private static readonly ConcurrentDictionary<int, string> s_undisturbed = [];

    [Fact]
    public async Task AWorkerThatServesParameters_Killed_IsReplacedByTheCopyOfItsPartition()
    {
        var summary = await RunWithFault(["--workers", "3", "--parameter-servers", "2"], server => SignalAsync(server, "KILL"));
        Assert.Equal(1, summary.GetProperty("faults").GetProperty("worker-lost").GetInt32());
        Assert.Equal(1, summary.GetProperty("faults").GetProperty("parameter-server-lost").GetInt32());
        Assert.Equal(0, summary.GetProperty("incarnation").GetInt32());
    }

    [Fact]
    public async Task TheOnlyWorkerWhichServesAllParameters_Killed_IsReplacedByAnotherProcess()
    {
        var killed = 0;
        using var job = TinyJob.Create("language-model");
        var (summary, error) = await RunWithFaultIn(job, ["--workers", "1", "--parameter-servers", "1"], run => SignalAsync(killed = ServerOf(run), "KILL"), Steps);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"Process {killed} (worker and parameter server) ended with status 137; another one is started in its place."), error, StringComparison.Ordinal);
        Assert.Equal(1, summary.GetProperty("faults").GetProperty("rollback").GetInt32());
    }

    [Fact]
    public async Task AParameterServerWithoutACopy_Killed_SendsTheRunBackToItsCheckpoint()
    {
        var summary = await RunWithFault(["--workers", "2", "--parameter-servers", "2", "--set", "cluster.replicas=0"], server => SignalAsync(server, "KILL"));
        Assert.Equal(1, summary.GetProperty("faults").GetProperty("rollback").GetInt32());
        Assert.Equal(1, summary.GetProperty("incarnation").GetInt32());
    }

    [Fact]
    public async Task AWorkerThatServesParameters_StoppedForTenSeconds_ChangesNoBit()
    {
        var summary = await RunWithFault(["--workers", "3", "--parameter-servers", "2"], async server =>
        {
            await SignalAsync(server, "STOP");
            using var tenSeconds = new PeriodicTimer(TimeSpan.FromSeconds(10));
            await tenSeconds.WaitForNextTickAsync();
            // A fast machine may have ended the run, and with it the process, before.
            await SignalAsync(server, "CONT", mayBeGone: true);
        }, 8 * Steps);
        Assert.Equal(1, summary.GetProperty("faults").GetProperty("worker-lost").GetInt32());
    }

    [Fact]
    public async Task AllProcesses_Killed_GoOnFromTheNewestCheckpointWithOtherCounts()
    {
        using var job = TinyJob.Create("language-model");
        string[] run = ["train", job.JobFile, "--output", job.Run, "--local", "processes"];
        using (var child = CommandLine.StartChild(job.Directory, [.. run, "--workers", "2", "--parameter-servers", "2", .. Settings(Steps)]))
        {
            var output = child.StandardOutput.ReadToEndAsync();
            await WaitForCheckpoint(child, job.Run);
            child.Kill();
            await child.WaitForExitAsync();
            await output;
        }
        var resumed = CommandLine.RunChild(job.Directory, [.. run, "--resume", "--workers", "3", "--parameter-servers", "1", .. Settings(Steps)]);
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.InRange(resumed.LastLineAsJson().GetProperty("resumed_from").GetInt64(), 25, Steps - 1);
        Check(job, resumed.LastLineAsJson());
    }

    [Fact]
    public async Task ACoordinatorOfThree_Killed_IsReplacedByAnotherWhichWritesOn()
    {
        var summary = await RunWithFaultAt([.. s_threeCoordinators, "--workers", "2", "--parameter-servers", "2"], run => SignalAsync(InChargeOf(run), "KILL"));
        CheckTakeOver(summary);
    }

    [Fact]
    public async Task ACoordinatorOfThree_KilledWhileAShardIsMissing_IsReplacedBeforeTheStepIsDecided()
    {
        var summary = await RunWithFaultAt([.. s_threeCoordinators, "--workers", "2", "--parameter-servers", "1", "--set", "cluster.speculation=false"], async run =>
        {
            // Without one of its workers the step cannot be decided, so no factor of it has gone out.
            var worker = NodesOf(run).First(node => RolesOf(node) is ["worker"]).GetProperty("pid").GetInt32();
            await SignalAsync(worker, "STOP");
            await SignalAsync(InChargeOf(run), "KILL");
            await SignalAsync(worker, "CONT");
        });
        CheckTakeOver(summary);
    }

    [Fact]
    public async Task ACoordinatorOfThree_Stopped_IsEndedByTheCommandWhenAnotherTakesOver()
    {
        var stopped = 0;
        var summary = await RunWithFaultAt([.. s_threeCoordinators, "--workers", "1", "--parameter-servers", "1"], run => SignalAsync(stopped = InChargeOf(run), "STOP"));
        CheckTakeOver(summary);
        Assert.False(Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{stopped}")));
    }

    [Fact]
    public async Task TheOnlyCoordinator_Killed_LetsTheRunGoOnFromItsNewestCheckpoint()
    {
        var summary = await RunWithFaultAt(["--workers", "1", "--parameter-servers", "1"], run => SignalAsync(InChargeOf(run), "KILL"));
        CheckTakeOver(summary);
    }

    [Fact]
    public async Task Train_InterruptedWithProcesses_EndsAfterACheckpointAndCanBeResumed()
    {
        using var job = TinyJob.Create("language-model");
        string[] run = ["train", job.JobFile, "--output", job.Run, "--local", "processes", .. Settings(8 * Steps)];
        using var child = CommandLine.StartChild(job.Directory, run);
        var output = child.StandardOutput.ReadToEndAsync();
        var error = await WaitForCheckpoint(child, job.Run);
        await SignalAsync(child.Id, "INT");
        await child.WaitForExitAsync();
        Assert.True(child.ExitCode == 130, $"exit code {child.ExitCode}: {await error}");
        using var summary = JsonDocument.Parse((await output).TrimEnd('\n').Split('\n')[^1]);
        Assert.Equal("interrupted", summary.RootElement.GetProperty("status").GetString());
        var step = summary.RootElement.GetProperty("steps").GetInt64();
        Assert.InRange(step, 25, 8 * Steps - 1);
        var resumed = CommandLine.RunChild(job.Directory, [.. run, "--resume"]);
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.Equal(step, resumed.LastLineAsJson().GetProperty("resumed_from").GetInt64());
        Check(job, resumed.LastLineAsJson(), 8 * Steps);
    }

    private static readonly string[] s_threeCoordinators = ["--set", "cluster.coordinators=3"];

    private static void CheckTakeOver(JsonElement summary)
    {
        Assert.Equal(1, summary.GetProperty("faults").GetProperty("coordinator-lost").GetInt32());
        Assert.Equal("coordinator", summary.GetProperty("recoveries").EnumerateArray().Single().GetProperty("what").GetString());
        Assert.Equal(0, summary.GetProperty("resumed_from").GetInt64());
    }

    private static Task<JsonElement> RunWithFault(string[] counts, Func<int, Task> fault, int steps = Steps) => RunWithFaultAt(counts, run => fault(ServerOf(run)), steps);

    private static async Task<JsonElement> RunWithFaultAt(string[] counts, Func<string, Task> fault, int steps = Steps)
    {
        using var job = TinyJob.Create("language-model");
        return (await RunWithFaultIn(job, counts, fault, steps)).Summary;
    }

    private static async Task<(JsonElement Summary, string Error)> RunWithFaultIn(TinyJob job, string[] counts, Func<string, Task> fault, int steps)
    {
        using var child = CommandLine.StartChild(job.Directory, ["train", job.JobFile, "--output", job.Run, "--local", "processes", .. counts, .. Settings(steps)]);
        var output = child.StandardOutput.ReadToEndAsync();
        var error = await WaitForCheckpoint(child, job.Run);
        await fault(job.Run);
        await child.WaitForExitAsync();
        Assert.True(child.ExitCode == 0, $"exit code {child.ExitCode}: {await error}");
        using var summary = JsonDocument.Parse((await output).TrimEnd('\n').Split('\n')[^1]);
        Check(job, summary.RootElement, steps);
        return (summary.RootElement.Clone(), await error);
    }

    private static void Check(TinyJob job, JsonElement summary, int steps = Steps)
    {
        Assert.Equal("completed", summary.GetProperty("status").GetString());
        Assert.Equal(s_undisturbed.GetOrAdd(steps, Undisturbed), summary.GetProperty("fingerprint").GetString());
        var rows = File.ReadLines(Path.Combine(job.Run, "metrics.jsonl")).Where(row => !row.Contains("\"superseded\":true", StringComparison.Ordinal)).Select(row => JsonDocument.Parse(row).RootElement.GetProperty("step").GetInt64());
        Assert.Equal(Enumerable.Range(1, steps).Select(step => (long)step), rows);
        var audit = CommandLine.Run("audit", job.Run);
        Assert.True(audit.ExitCode == 0, audit.Output);
    }

    private static string Undisturbed(int steps)
    {
        using var job = TinyJob.Create("language-model");
        return CommandLine.Run(["train", job.JobFile, "--output", job.Run, .. Settings(steps)]).LastLineAsJson().GetProperty("fingerprint").GetString()!;
    }

    private static string[] Settings(int steps) =>
        ["--set", string.Create(CultureInfo.InvariantCulture, $"training.steps={steps}"), "cluster.failover=fast", "model.hidden=48", "checkpoint.every-steps=25", "--json"];

    /// <summary>A process that works and owns a partition.</summary>
    private static int ServerOf(string run) => NodesOf(run).First(node => RolesOf(node).Contains("parameter-server")).GetProperty("pid").GetInt32();

    /// <summary>The coordinator that is in charge.</summary>
    private static int InChargeOf(string run) => NodesOf(run).Single(node => node.TryGetProperty("in_charge", out _)).GetProperty("pid").GetInt32();

    private static JsonElement[] NodesOf(string run) => [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "nodes.json"))).RootElement.EnumerateArray()];

    private static string[] RolesOf(JsonElement node) => [.. node.GetProperty("roles").EnumerateArray().Select(role => role.GetString()!)];

    /// <summary>Waits until the first checkpoint is whole, so that the fault finds the run in work.</summary>
    /// <returns>What the process writes to standard error, once it has ended.</returns>
    private static async Task<Task<string>> WaitForCheckpoint(Process child, string run)
    {
        var error = child.StandardError.ReadToEndAsync();
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!File.Exists(Path.Combine(run, "checkpoints", "step-25", "manifest.json")))
        {
            Assert.False(child.HasExited, child.HasExited ? await error : "");
            await looks.WaitForNextTickAsync();
        }
        return error;
    }

    private static async Task SignalAsync(int process, string signal, bool mayBeGone = false)
    {
        using var kill = Process.Start("kill", ["-" + signal, process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.True(kill.ExitCode == 0 || mayBeGone);
    }
}
