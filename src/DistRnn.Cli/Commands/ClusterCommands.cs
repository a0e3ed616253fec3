using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using DistRnn.Cluster;
using DistRnn.Numerics;

namespace DistRnn.Cli;

/// <summary>The commands that ask a running cluster something: <c>status</c>, <c>nodes</c>, <c>runs</c> and <c>cancel</c>.</summary>
internal sealed class ClusterCommands
{
    private readonly Option<string> _seeds = SeedNodes();
    private readonly Option<bool> _json = JsonOption.Create();
    private readonly Argument<string> _run = new("RUN") { Description = "A run's name, as 'runs' shows it" };
    private readonly Terminal _terminal;
    private readonly TerminationSignals _signals;

    private ClusterCommands(Terminal terminal, TerminationSignals signals) => (_terminal, _signals) = (terminal, signals);

    internal static IEnumerable<Command> Create(Terminal terminal, TerminationSignals signals)
    {
        yield return new ClusterCommands(terminal, signals).Command("status", "Show a cluster's nodes and runs", ["nodes", "runs"]);
        yield return new ClusterCommands(terminal, signals).Command("nodes", "Show a cluster's nodes", ["nodes"]);
        yield return new ClusterCommands(terminal, signals).Command("runs", "Show a cluster's runs", ["runs"]);
        yield return new ClusterCommands(terminal, signals).Cancel();
    }

    /// <summary>The option that says where coordinators are.</summary>
    internal static Option<string> SeedNodes() => new("--seed-nodes") { Description = "Coordinators to ask, as host:port with commas", HelpName = "A,...", Required = true };

    /// <summary>Reads that option.</summary>
    internal static IReadOnlyList<SeedNode> Parse(string seeds) => [.. seeds.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(SeedNode.Parse)];

    /// <summary>A run in one line.</summary>
    internal static string LineOf(JsonElement run)
    {
        var (name, status) = (run.GetProperty("run").GetString(), run.GetProperty("status").GetString());
        var note = run.GetProperty("note").GetString();
        return string.Create(CultureInfo.InvariantCulture, $"{name,-36} {status,-12} step {run.GetProperty("step").GetInt64()} of {run.GetProperty("steps").GetInt64()}, loss {run.GetProperty("loss").GetDouble():0.####}{(status == "failed" ? $" ({note})" : "")}");
    }

    private Command Command(string name, string description, string[] kinds)
    {
        var command = new Command(name, description) { _seeds, _json };
        command.SetAction(parsed => Show(parsed, kinds));
        return command;
    }

    private Command Cancel()
    {
        var command = new Command("cancel", "End a run of a cluster after the step in work and a checkpoint") { _run, _seeds, _json };
        command.SetAction(parsed =>
        {
            var answer = Ask(parsed, "cancel", new Dictionary<string, string> { ["run"] = parsed.GetRequiredValue(_run) });
            _terminal.Output.WriteLine(parsed.GetValue(_json) ? answer.GetRawText() : LineOf(answer.GetProperty("run")));
            return ExitCodes.Done;
        });
        return command;
    }

    private int Show(ParseResult parsed, string[] kinds)
    {
        var answers = kinds.ToDictionary(kind => kind, kind => Ask(parsed, kind, new Dictionary<string, string>()).GetProperty(kind), StringComparer.Ordinal);
        if (parsed.GetValue(_json))
        {
            _terminal.Output.WriteLine(JsonSerializer.Serialize(answers));
            return ExitCodes.Done;
        }
        if (answers.TryGetValue("nodes", out var nodes))
        {
            foreach (var node in nodes.EnumerateArray())
                _terminal.Output.WriteLine($"{node.GetProperty("address").GetString(),-24} {string.Join(", ", node.GetProperty("roles").EnumerateArray().Select(role => role.GetString()))}");
        }
        if (answers.TryGetValue("runs", out var runs))
        {
            foreach (var run in runs.EnumerateArray())
                _terminal.Output.WriteLine(LineOf(run));
            if (runs.GetArrayLength() == 0)
                _terminal.Output.WriteLine("There are no runs.");
        }
        return ExitCodes.Done;
    }

    private JsonElement Ask(ParseResult parsed, string kind, Dictionary<string, string> arguments)
    {
        return AskAsync().GetAwaiter().GetResult();

        async Task<JsonElement> AskAsync()
        {
            var client = ClusterClient.Create(Parse(parsed.GetRequiredValue(_seeds)));
            await using (client.ConfigureAwait(false))
                return await client.AskAsync(kind, arguments, _signals.Token).ConfigureAwait(false);
        }
    }
}
