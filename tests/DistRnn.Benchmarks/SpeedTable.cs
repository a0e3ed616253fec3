using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace DistRnn.Benchmarks;

/// <summary>The tables of this folder's README: what bench measured, beside what the peers' scripts printed on the same machine.</summary>
internal static partial class SpeedTable
{
    /// <summary>Prints the tables.</summary>
    /// <param name="report">The JSON of <c>distrnn bench --json</c>.</param>
    /// <param name="peers">Outputs of the peers' scripts: lines "lstm:20:35:200:200:2 forward ... forward+backward X ms Y GFLOP/s".</param>
    /// <returns>0.</returns>
    internal static int Write(string report, string[] peers)
    {
        using var bench = JsonDocument.Parse(File.ReadAllText(report));
        var root = bench.RootElement;
        var peerRates = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var match in peers.SelectMany(File.ReadLines).Select(line => PeerLine().Match(line)).Where(match => match.Success))
            peerRates[match.Groups[1].Value] = Number(match.Groups[2].Value);
        Line($"{root.GetProperty("cpu").GetString()}; peak of a core {root.GetProperty("peak_gflops").GetDouble():0} GFLOP/s");
        Line("");
        Line("| cell | batch x window | hidden | layers | threads | GFLOP/s forward + backward | of peak | peer, one thread | ratio |");
        Line("|---|---|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var layer in root.GetProperty("layers").EnumerateArray())
        {
            int Int(string name) => layer.GetProperty(name).GetInt32();
            var cell = layer.GetProperty("cell").GetString()!;
            var rate = layer.GetProperty("forward_backward_gflops").GetDouble();
            var key = $"{cell}:{Int("batch")}:{Int("window")}:{Int("input")}:{Int("hidden")}:{Int("layers")}";
            var (peer, ratio) = Int("threads") == 1 && peerRates.TryGetValue(key, out var other) ? ($"{other:0.0}", $"{rate / other:0.00}") : ("", "");
            Line($"| {cell} | {Int("batch")} x {Int("window")} | {Int("hidden")} | {Int("layers")} | {Int("threads")} | {rate:0.0} | {layer.GetProperty("of_peak").GetDouble():P0} | {peer} | {ratio} |");
        }
        Line("");
        Line("| language model | threads | tokens/s | of peak |");
        Line("|---|---:|---:|---:|");
        foreach (var model in root.GetProperty("language_model").EnumerateArray())
        {
            var hidden = model.GetProperty("hidden").GetInt32();
            Line($"| 2 x {hidden}, 20 x 35, V = 10,000 | {model.GetProperty("threads").GetInt32()} | {model.GetProperty("tokens_per_second").GetDouble():#,0} | {model.GetProperty("of_peak").GetDouble():P0} |");
        }
        return 0;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private static void Line(string text) => Console.WriteLine(text);

    [GeneratedRegex(@"^(\w+(?::\d+){5})\s.*forward\+backward\s+[\d.]+ ms\s+([\d.]+) GFLOP/s")]
    private static partial Regex PeerLine();
}
