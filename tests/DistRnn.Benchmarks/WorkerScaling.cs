using System.Globalization;
using System.Text;
using System.Text.Json;
using DistRnn.Numerics;
using DistRnn.Training;

namespace DistRnn.Benchmarks;

/// <summary>
/// What a second worker is worth, and what the actors cost: one language model (V = 10,000, window 35, batch 40 in four shards) trained by the bare trainer, by one
/// and by two workers of one thread, in one process and in several, each in a process of its own and in turn. Every run has to end in the same fingerprint.
/// </summary>
internal static class WorkerScaling
{
    private const int Words = 10_000;
    private const int Tokens = 120_000;

    private static readonly (string Name, string[] Arguments)[] s_ways =
    [
        ("bare trainer, one thread", []),
        ("threads, one worker", ["--local", "threads", "--workers", "1", "--parameter-servers", "1"]),
        ("threads, two workers", ["--local", "threads", "--workers", "2", "--parameter-servers", "2"]),
        ("processes, one worker", ["--local", "processes", "--workers", "1", "--parameter-servers", "1"]),
        ("processes, two workers", ["--local", "processes", "--workers", "2", "--parameter-servers", "2"]),
    ];

    /// <summary>Measures and prints a line for each way: the median over rounds of a run's tokens a second, and its ratio to the bare trainer's.</summary>
    /// <param name="hidden">Units of each of the two layers.</param>
    /// <param name="rounds">How often each way is run.</param>
    /// <returns>0, or 1 where fingerprints differ.</returns>
    internal static async Task<int> RunAsync(int hidden, int rounds)
    {
        // The first half of the steps is not counted: every process compiles what it runs often in some seconds of its own.
        var steps = hidden < 400 ? 240 : 60;
        var directory = Directory.CreateTempSubdirectory("distrnn-scaling").FullName;
        try
        {
            WriteJob(directory, hidden, steps);
            var speeds = s_ways.Select(_ => new List<double>()).ToArray();
            var fingerprints = new HashSet<string>(StringComparer.Ordinal);
            for (var round = 0; round < rounds; round++)
            {
                for (var way = 0; way < s_ways.Length; way++)
                {
                    var run = Path.Combine(directory, Text($"run-{round}-{way}"));
                    await TrainAsync(directory, run, s_ways[way].Arguments);
                    var (speed, fingerprint) = Read(run);
                    speeds[way].Add(speed);
                    fingerprints.Add(fingerprint);
                    Console.Error.WriteLine(Text($"round {round + 1}, {s_ways[way].Name}: {speed:0} tokens/s"));
                }
            }
            var medians = speeds.Select(each => each.Order().ElementAt(each.Count / 2)).ToArray();
            for (var way = 0; way < s_ways.Length; way++)
                Console.WriteLine(Text($"{s_ways[way].Name}: {medians[way]:0} tokens/s, {medians[way] / medians[0]:0.00} of the bare trainer"));
            Console.WriteLine(Text($"two workers against one: threads {medians[2] / medians[1]:0.00}, processes {medians[4] / medians[3]:0.00}; {(fingerprints.Count == 1 ? "one fingerprint" : "FINGERPRINTS DIFFER")}"));
            return fingerprints.Count == 1 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Trains with the bare trainer, for <see cref="RunAsync"/>, which starts this program again.</summary>
    /// <param name="job">The job file.</param>
    /// <param name="run">The run directory.</param>
    /// <returns>0.</returns>
    internal static int Bare(string job, string run)
    {
        TrainingSession.Run(JobFile.Read(job), new TrainingRunOptions { OutputDirectory = run, Threads = 1 }, SilentProgress.Instance);
        return 0;
    }

    private static void WriteJob(string directory, int hidden, int steps)
    {
        var text = new StringBuilder();
        var random = new Random(1);
        // Every word once, so that the vocabulary is whole; then words whose frequencies fall as those of a language do.
        for (var i = 0; i < Tokens; i++)
        {
            var word = i < Words ? i : (int)(Words * Math.Pow(random.NextDouble(), 3));
            text.Append(CultureInfo.InvariantCulture, $"w{Math.Min(word, Words - 1)}").Append(i % 20 == 19 ? '\n' : ' ');
        }
        File.WriteAllText(Path.Combine(directory, "train.txt"), text.ToString());
        File.WriteAllText(Path.Combine(directory, "job.yaml"), Text($$"""
            task: language-model
            data: {train: train.txt, tokens: word}
            model: {cell: lstm, embedding: {{hidden}}, hidden: {{hidden}}, layers: 2}
            training: {steps: {{steps}}, batch: 40, batch-shards: 4, window: 35, optimizer: sgd, learning-rate: 0.1, clip-norm: 5}
            cluster: {threads-per-worker: 1, replicas: 0}
            checkpoint: {every-steps: 1000000}
            """));
    }

    private static async Task TrainAsync(string directory, string run, string[] way)
    {
        var job = Path.Combine(directory, "job.yaml");
        var (status, _, error) = way.Length == 0
            ? await Commands.RunAsync(typeof(WorkerScaling).Assembly, "bare", job, run)
            : await Commands.RunAsync(Commands.Product, ["train", job, "--output", run, .. way]);
        if (status != 0)
            throw new InvalidOperationException($"A run ended with {status}: {error}");
    }

    /// <summary>Tokens a second of the steps after the warm ones. What a row says is the rate of all steps so far, and all steps are of one size.</summary>
    private static (double Speed, string Fingerprint) Read(string run)
    {
        var rates = File.ReadLines(Path.Combine(run, "metrics.jsonl")).Select(row => JsonDocument.Parse(row).RootElement.GetProperty("tokens_per_second").GetDouble()).ToArray();
        var warm = rates.Length / 2;
        using var summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "summary.json")));
        return ((rates.Length - warm) / (rates.Length / rates[^1] - warm / rates[warm - 1]), summary.RootElement.GetProperty("fingerprint").GetString()!);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
