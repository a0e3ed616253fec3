using System.CommandLine;
using System.Text.Json;
using DistRnn.Cluster;

namespace DistRnn.Cli;

/// <summary><c>distrnn audit RUN</c>: proves from a run's ledger that each shard entered each surviving update once, and that checkpoints are what they claim.</summary>
internal sealed class AuditCommand(Terminal terminal)
{
    private readonly Argument<string> _run = new("RUN") { Description = "A run directory with a ledger" };
    private readonly Option<bool> _json = JsonOption.Create();

    internal static Command Create(Terminal terminal)
    {
        var audit = new AuditCommand(terminal);
        var command = new Command("audit", "Prove from the ledger that each shard entered each surviving update exactly once") { audit._run, audit._json };
        command.SetAction(audit.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var result = Audit.Run(parsed.GetRequiredValue(_run));
        foreach (var (name, count) in CountsOf(result))
            terminal.Output.WriteLine(FormattableString.Invariant($"{count,10} {name}"));
        foreach (var violation in result.Violations)
            terminal.Output.WriteLine($"{RuleOf(violation)}: {violation.Reason}");
        if (result.Violations.Length == Audit.ViolationsMax)
            terminal.Output.WriteLine(FormattableString.Invariant($"No more than {Audit.ViolationsMax} violations are listed."));
        if (parsed.GetValue(_json))
            terminal.Output.WriteLine(JsonOf(result));
        return result.Violations.IsEmpty ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static IEnumerable<(string Name, long Count)> CountsOf(AuditResult result) =>
    [
        ("updates", result.Updates),
        ("shards, each once in every partition's update", result.Shards),
        ("duplicates compared", result.Duplicates),
        ("rollbacks", result.Rollbacks),
        ("checkpoints whose fingerprint was computed again", result.Checkpoints),
        .. result.Unproven == 0 ? [] : new (string, long)[] { ("updates whose records are on hosts that are gone", result.Unproven) },
        ("violations", result.Violations.Length),
    ];

    private static string JsonOf(AuditResult result) => JsonLine.Of(json =>
    {
        json.WriteNumber("updates", result.Updates);
        json.WriteNumber("shards", result.Shards);
        json.WriteNumber("duplicates", result.Duplicates);
        json.WriteNumber("rollbacks", result.Rollbacks);
        if (result.Unproven > 0)
            json.WriteNumber("unproven", result.Unproven);
        json.WriteStartArray("violations");
        foreach (var violation in result.Violations)
        {
            json.WriteStartObject();
            json.WriteString("rule", RuleOf(violation));
            json.WriteNumber("step", violation.Step);
            json.WriteString("reason", violation.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static string RuleOf(AuditViolation violation) => JsonNamingPolicy.KebabCaseLower.ConvertName(violation.Rule.ToString());
}
