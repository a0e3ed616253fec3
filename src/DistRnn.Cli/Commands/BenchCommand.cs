using System.CommandLine;
using System.Text.Json;
using DistRnn.Numerics;

namespace DistRnn.Cli;

/// <summary><c>distrnn bench</c>: this machine's peak, then products, layers and a language model's step beside it.</summary>
internal sealed class BenchCommand
{
    private static readonly JsonSerializerOptions s_snakeCase = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly Option<bool> _quick = new("--quick") { Description = "One short case of each part" };
    private readonly Option<string?> _only = new("--only") { Description = "One part alone", HelpName = string.Join('|', BenchOptions.Parts) };
    private readonly Option<string[]> _cases = new("--case")
    {
        Description = $"A layer case, cell:batch:window:input:hidden:layers, with a cell of {string.Join(", ", LayerCase.Cells)}; may be repeated",
        HelpName = "lstm:20:35:200:200:2",
    };

    private readonly Option<int?> _threads = new("--threads") { Description = "Threads (default: one, then all cores)", HelpName = "N" };
    private readonly Option<bool> _json = JsonOption.Create();
    private readonly Terminal _terminal;

    private BenchCommand(Terminal terminal)
    {
        _terminal = terminal;
        _only.AcceptOnlyFromAmong([.. BenchOptions.Parts]);
    }

    internal static Command Create(Terminal terminal)
    {
        var bench = new BenchCommand(terminal);
        var command = new Command("bench", "Measure this machine: its peak, the kernels, layers and a language model's step beside it")
        {
            bench._quick, bench._only, bench._cases, bench._threads, bench._json,
        };
        command.SetAction(bench.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        if (parsed.GetValue(_threads) is { } threads && threads is < 1 or > 256)
            throw new InvalidInputException($"--threads is {threads}; allowed is 1 to 256.");
        var cases = (parsed.GetValue(_cases) ?? []).Select(LayerCase.Parse).ToList();
        if (cases.Count > 0 && parsed.GetValue(_only) is { } only and not "layers")
            throw new InvalidInputException($"--case asks for layers, --only for {only}; allowed is one of the two, or --only layers.");
        var options = new BenchOptions(parsed.GetValue(_quick), parsed.GetValue(_only), cases, parsed.GetValue(_threads));
        var report = Benchmarks.Run(options, line => _terminal.Error.WriteLine("measuring " + line));
        _terminal.Output.WriteLine(string.Create(
            System.Globalization.CultureInfo.InvariantCulture, $"{report.Cpu}: peak of a core {report.PeakGflops:0.0} GFLOP/s in vectors of {report.VectorBits} bits"));
        var console = Consoles.Of(_terminal.Output, _terminal.IsOutputLive);
        foreach (var table in BenchTables.Of(report))
            console.Write(table);
        if (parsed.GetValue(_json))
            _terminal.Output.WriteLine(JsonSerializer.Serialize(report, s_snakeCase));
        return ExitCodes.Done;
    }
}
