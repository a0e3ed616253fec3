using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using DistRnn.Cluster;
using DistRnn.Numerics;

namespace DistRnn.Cli;

/// <summary><c>distrnn submit JOB</c>: gives a job, data included, to a running cluster and follows the run.</summary>
internal sealed class SubmitCommand
{
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    private readonly Argument<string> _job = new("JOB") { Description = "A job file, or the name of a built-in job" };
    private readonly Option<string> _seeds = ClusterCommands.SeedNodes();
    private readonly Option<string[]> _set = new("--set") { Description = "Set a key of the job, such as model.hidden=64; may be repeated", HelpName = "key=value" };
    private readonly Option<bool> _detach = new("--detach") { Description = "Do not follow the run" };
    private readonly Option<bool> _json = JsonOption.Create();
    private readonly Terminal _terminal;
    private readonly TerminationSignals _signals;

    private SubmitCommand(Terminal terminal, TerminationSignals signals) => (_terminal, _signals) = (terminal, signals);

    internal static Command Create(Terminal terminal, TerminationSignals signals)
    {
        var submit = new SubmitCommand(terminal, signals);
        var command = new Command("submit", "Give a job, data included, to a running cluster and follow it") { submit._job, submit._seeds, submit._set, submit._detach, submit._json };
        command.SetAction(parsed => submit.RunAsync(parsed).GetAwaiter().GetResult());
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed)
    {
        var job = JobSource.Find(parsed.GetRequiredValue(_job)).Read([.. parsed.GetValue(_set) ?? []]);
        var client = ClusterClient.Create(ClusterCommands.Parse(parsed.GetRequiredValue(_seeds)));
        await using (client.ConfigureAwait(false))
        {
            var run = await client.SubmitAsync(job, _signals.Token).ConfigureAwait(false);
            var name = run.GetProperty("run").GetString()!;
            _terminal.Error.WriteLine($"The cluster has taken the run {name}.");
            if (!parsed.GetValue(_detach))
                run = await FollowAsync(client, name).ConfigureAwait(false);
            _terminal.Output.WriteLine(parsed.GetValue(_json) ? run.GetRawText() : ClusterCommands.LineOf(run));
            if (!parsed.GetValue(_json) && run.TryGetProperty("summary", out var summary))
                _terminal.Output.WriteLine($"fingerprint {summary.GetProperty("fingerprint").GetString()}");
            return run.GetProperty("status").GetString() is "failed" or "stopped" or "cancelled" ? ExitCodes.Failed : ExitCodes.Done;
        }
    }

    private async Task<JsonElement> FollowAsync(ClusterClient client, string name)
    {
        var shown = "";
        var heard = Stopwatch.GetTimestamp();
        while (true)
        {
            JsonElement answer;
            try
            {
                answer = await client.AskAsync("run", new Dictionary<string, string> { ["run"] = name }, _signals.Token).ConfigureAwait(false);
            }
            catch (InvalidInputException) when (Stopwatch.GetElapsedTime(heard) < s_patience)
            {
                // A coordinator that was lost is being replaced: the next one knows the run.
                await Task.Delay(s_lookAgain, _signals.Token).ConfigureAwait(false);
                continue;
            }
            heard = Stopwatch.GetTimestamp();
            var run = answer.GetProperty("run");
            if (run.TryGetProperty("summary", out _) || run.GetProperty("status").GetString() is "failed" or "cancelled")
                return run;
            var line = ClusterCommands.LineOf(run);
            if (line != shown)
                _terminal.Error.WriteLine(line);
            shown = line;
            await Task.Delay(s_lookAgain, _signals.Token).ConfigureAwait(false);
        }
    }
}
