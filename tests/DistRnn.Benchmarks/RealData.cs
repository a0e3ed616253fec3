using System.Globalization;
using System.Text.Json;
using DistRnn.Cli;

namespace DistRnn.Benchmarks;

/// <summary>
/// The jobs under Jobs/, trained by the command on real data sets that the user has, and their figures beside the goals. Data files are found by name
/// anywhere under the given folder.
/// </summary>
internal static class RealData
{
    private static readonly Goal[] s_goals =
    [
        new("warpeace", "loss", 1.29, false),
        new("tinyshakespeare", "loss", 1.5, false),
        new("slots", "f1", 0.953, true),
        new("ewt", "accuracy", 0.94, true),
        new("japanese-vowels", "accuracy", 0.97, true),
        new("italy-power", "accuracy", 0.95, true),
        new("names", "accuracy", 0.82, true),
        new("addition", "exact-match", 0.97, true),
        new("pronunciation", "exact-match", 0.92, true),
        new("etth1", "mse", 0.34, false),
        new("words", "analogy-accuracy", 0.065, true),
    ];

    /// <summary>Trains.</summary>
    /// <param name="folder">Where the data is.</param>
    /// <param name="names">Jobs; none for all.</param>
    /// <returns>0 where every goal is met, 1 otherwise.</returns>
    internal static int Run(string folder, string[] names)
    {
        var work = Directory.CreateTempSubdirectory("distrnn-real-data-").FullName;
        try
        {
            // A job's paths are relative to it, so it gets links to the data beside it.
            foreach (var entry in Directory.EnumerateDirectories(Path.GetFullPath(folder)).SelectMany(Directory.EnumerateFileSystemEntries))
            {
                var link = Path.Combine(work, Path.GetFileName(entry));
                if (Directory.Exists(entry))
                    Directory.CreateSymbolicLink(link, entry);
                else if (!File.Exists(link))
                    File.CreateSymbolicLink(link, entry);
            }
            var rows = new List<string>();
            var met = true;
            foreach (var goal in s_goals.Where(goal => names.Length == 0 || names.Contains(goal.Job)))
            {
                var (value, seconds) = Train(work, goal);
                var isMet = goal.HigherIsBetter ? value >= goal.Value : value <= goal.Value;
                met &= isMet;
                rows.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {goal.Job} | {goal.Metric} | {value:0.####} | {(goal.HigherIsBetter ? "at least" : "at most")} {goal.Value} | {(isMet ? "met" : "missed")} | {seconds:0} s |"));
                Console.WriteLine(rows[^1]);
            }
            Console.WriteLine();
            Console.WriteLine("| job | metric on test | value | goal | | time |");
            Console.WriteLine("|---|---|---:|---|---|---:|");
            rows.ForEach(Console.WriteLine);
            return met ? 0 : 1;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static (double Value, double Seconds) Train(string work, Goal goal)
    {
        var job = Path.Combine(work, goal.Job + ".yaml");
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Jobs", goal.Job + ".yaml"), job);
        var output = Path.Combine(work, "runs", goal.Job);
        using var signals = TerminationSignals.Listen();
        using var terminal = Terminal.OfProcess();
        var code = DistRnnCommand.Run(["train", job, "--output", output], terminal, signals);
        if (code != 0)
            throw new InvalidOperationException($"The job {goal.Job} ended with exit code {code}.");
        using var summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "summary.json")));
        return (summary.RootElement.GetProperty("test").GetProperty(goal.Metric).GetDouble(), summary.RootElement.GetProperty("seconds").GetDouble());
    }

    private sealed record Goal(string Job, string Metric, double Value, bool HigherIsBetter);
}
