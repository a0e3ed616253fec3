using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace DistRnn.Benchmarks;

/// <summary>The tables of this folder's README: what bench measured, beside what the peers' scripts printed on the same machine.</summary>
internal static partial class SpeedTable
{
    /// <summary>Prints the tables.</summary>
    /// <param name="report">The JSON of <c>distrnn bench --json</c>.</param>
    /// <param name="peers">Outputs of the peers' scripts: lines "lstm:20:35:200:200:2 forward ... forward+backward X ms Y GFLOP/s" and "workers 1 hidden 200 batch 20 each window 35: X ms a step, Y tokens/s".</param>
    /// <returns>0.</returns>
    internal static int Write(string report, string[] peers)
    {
        using var bench = JsonDocument.Parse(File.ReadAllText(report));
        var root = bench.RootElement;
        var peerRates = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var line in peers.SelectMany(File.ReadLines))
        {
            foreach (var match in new[] { PeerLayer().Match(line), PeerModel().Match(line) }.Where(match => match.Success))
                peerRates[match.Groups[1].Value] = Number(match.Groups[2].Value);
        }
        Line($"{root.GetProperty("cpu").GetString()}; peak of a core {root.GetProperty("peak_gflops").GetDouble():0} GFLOP/s");
        Line("");
        Line("| cell | batch x window | hidden | layers | threads | GFLOP/s | of peak | peer, one thread | ratio |");
        Line("|---|---|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var layer in root.GetProperty("layers").EnumerateArray())
        {
            int Int(string name) => layer.GetProperty(name).GetInt32();
            var cell = layer.GetProperty("cell").GetString()!;
            var rate = layer.GetProperty("forward_backward_gflops").GetDouble();
            var key = $"{cell}:{Int("batch")}:{Int("window")}:{Int("input")}:{Int("hidden")}:{Int("layers")}";
            var (peer, ratio) = Int("threads") == 1 && peerRates.TryGetValue(key, out var other) ? ($"{other:0.0}", $"{rate / other:0.00}") : ("", "");
            Line($"| {cell} | {Int("batch")} x {Int("window")} | {Int("hidden")} | {Int("layers")} | {Int("threads")} | {rate:0.0} | {Share(layer)} | {peer} | {ratio} |");
        }
        Line("");
        Line("| model | threads | tokens/s | of peak | peer, one thread | ratio |");
        Line("|---|---:|---:|---:|---:|---:|");
        foreach (var model in root.GetProperty("language_model").EnumerateArray())
        {
            var (hidden, threads) = (model.GetProperty("hidden").GetInt32(), model.GetProperty("threads").GetInt32());
            var rate = model.GetProperty("tokens_per_second").GetDouble();
            var (peer, ratio) = threads == 1 && peerRates.TryGetValue($"{hidden}", out var other) ? ($"{other:#,0}", $"{rate / other:0.00}") : ("", "");
            Line($"| 2 x {hidden} | {threads} | {rate:#,0} | {Share(model)} | {peer} | {ratio} |");
        }
        return 0;
    }

    private static string Share(JsonElement figures) =>
        (100 * figures.GetProperty("of_peak").GetDouble()).ToString("0", CultureInfo.InvariantCulture) + " %";

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private static void Line(string text) => Console.WriteLine(text);

    [GeneratedRegex(@"^(\w+(?::\d+){5})\s.*forward\+backward\s+[\d.]+ ms\s+([\d.]+) GFLOP/s")]
    private static partial Regex PeerLayer();

    [GeneratedRegex(@"^workers 1 hidden (\d+) batch 20 each window 35: .* (\d+) tokens/s")]
    private static partial Regex PeerModel();
}
