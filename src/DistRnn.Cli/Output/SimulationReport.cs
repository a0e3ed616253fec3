using DistRnn.Simulation;

namespace DistRnn.Cli;

/// <summary>What many simulations came to, as text and as JSON.</summary>
/// <param name="replay">The command that runs a seed again.</param>
internal sealed class SimulationReport(Func<ulong, string> replay)
{
    private readonly SortedDictionary<string, long> _faults = new(StringComparer.Ordinal);
    private readonly List<(ulong Seed, Violation Violation)> _violations = [];
    private TimeSpan _virtual;
    private int _seeds;

    /// <summary>How long it took.</summary>
    internal double Seconds { get; set; }

    /// <summary>Whether something was violated.</summary>
    internal bool HasViolations => _violations.Count > 0;

    /// <summary>The command that runs a seed again.</summary>
    internal string ReplayOf(ulong seed) => replay(seed);

    /// <summary>Takes a simulation.</summary>
    internal void Add(SimulationResult result)
    {
        _seeds++;
        _virtual += result.VirtualTime;
        _violations.AddRange(result.Violations.Select(violation => (result.Seed, violation)));
        foreach (var (name, count) in result.Faults)
            _faults[name] = _faults.GetValueOrDefault(name) + count;
    }

    /// <summary>The summary as lines.</summary>
    internal IEnumerable<string> Lines()
    {
        yield return FormattableString.Invariant($"{_seeds,10} seeds in {Seconds:0.0} s, {_virtual.TotalHours:0.00} virtual hours");
        foreach (var (name, count) in _faults)
            yield return FormattableString.Invariant($"{count,10} {name}");
        yield return FormattableString.Invariant($"{_violations.Count,10} violations");
    }

    /// <summary>The summary as one line of JSON.</summary>
    internal string ToJson() => JsonLine.Of(json =>
    {
        json.WriteNumber("seeds", _seeds);
        json.WriteNumber("seconds", Seconds);
        json.WriteNumber("virtual_hours", _virtual.TotalHours);
        json.WriteStartObject("faults");
        foreach (var (name, count) in _faults)
            json.WriteNumber(name, count);
        json.WriteEndObject();
        json.WriteStartArray("violations");
        foreach (var (seed, violation) in _violations)
        {
            json.WriteStartObject();
            json.WriteNumber("seed", seed);
            json.WriteString("checker", violation.Checker);
            json.WriteString("reason", violation.Reason);
            json.WriteString("replay", replay(seed));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
