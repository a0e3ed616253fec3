using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace DistRnn.Benchmarks;

/// <summary>
/// What <c>bounded-staleness(2)</c> gains where one of four workers is four times slower than the others: a standing cluster of six nodes, eight shards a step, speculation
/// off, two data sets, each policy in turn. Workers of one machine compete for its cores, which machines of their own would not; so each is stopped and continued in turn,
/// to run four tenths of the time, the slow one a tenth: together less than two cores.
/// </summary>
internal static partial class StalenessGain
{
    private const int Continue = 18;
    private const int Stop = 19;
    private const int Workers = 4;
    private const int TicksPerRound = 10;
    private const int TicksOfWorker = 4;
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);
    private static readonly string[] s_policies = ["synchronous", "bounded-staleness(2)"];

    /// <summary>Measures and prints.</summary>
    /// <param name="steps">Steps of a run.</param>
    /// <param name="data">The data set; empty for both.</param>
    /// <returns>0.</returns>
    internal static async Task<int> RunAsync(int steps, string data = "")
    {
        var directory = Directory.CreateTempSubdirectory("distrnn-staleness").FullName;
        var seed = Text($"localhost:{FreePort()}");
        var nodes = new List<Process>();
        try
        {
            WriteText(Path.Combine(directory, "train.txt"), 60_000, 1);
            WriteText(Path.Combine(directory, "valid.txt"), 6_000, 2);
            nodes.Add(StartNode(directory, "coordinator", "coordinator", seed, "--set", "port=" + seed.Split(':')[1]));
            nodes.Add(StartNode(directory, "server", "parameter-server", seed));
            for (var worker = 0; worker < Workers; worker++)
                nodes.Add(StartNode(directory, Text($"worker-{worker}"), "worker", seed, "--set", "threads=1"));
            await WaitForAsync(nodes.Count, seed);
            var workers = nodes.Skip(2).Select(node => node.Id).ToArray();
            foreach (var (name, rates, window, task) in Jobs().Where(job => data.Length == 0 || job.Name == data))
            {
                var results = new List<(double Speed, double Loss)>();
                foreach (var (policy, rate) in s_policies.Zip(rates))
                {
                    var job = Path.Combine(directory, Text($"{name}-{results.Count}.yaml"));
                    File.WriteAllText(job, Text($$"""
                        {{task}}
                        training: {steps: {{steps}}, batch: 64, batch-shards: 8, {{window}}learning-rate: {{rate}}, schedule: cosine, clip-norm: 5}
                        cluster: {threads-per-worker: 1, consistency: "{{policy}}", speculation: false, replicas: 0}
                        checkpoint: {every-steps: 1000000}
                        """));
                    results.Add(await TrainAsync(directory, job, seed, workers));
                    Console.Error.WriteLine(Text($"{name}, {policy}: {results[^1].Speed:0} tokens/s, loss {results[^1].Loss:0.0000}"));
                }
                Console.WriteLine(Text($"{name}: {results[1].Speed / results[0].Speed:0.00} times the synchronous tokens/s, validation loss {results[1].Loss:0.0000} against {results[0].Loss:0.0000}, {100 * (results[1].Loss / results[0].Loss - 1):+0.0;-0.0} %"));
            }
            return 0;
        }
        finally
        {
            foreach (var node in nodes)
            {
                node.Kill();
                await node.WaitForExitAsync();
                node.Dispose();
            }
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Each with a rate for an update a step and one for an update a shard.</summary>
    private static (string Name, double[] Rates, string Window, string Task)[] Jobs() =>
    [
        // A rate at which a few hundred updates, or eight times as many, come to about the same.
        ("text", [0.002, 0.002], "window: 30, ", """
            task: language-model
            data: {train: train.txt, valid: valid.txt, tokens: word}
            model: {embedding: 128, hidden: 256}
            """),
        // Eight updates for one, each of an eighth of the batch: an eighth of the rate (the linear scaling rule; Goyal et al., 2017, 2.1).
        ("sunspots", [0.002, 0.00025], "", """
            task: forecasting
            data: {format: csv, train: "built-in:sunspots/monthly-sunspots.csv", time-column: Month, columns: [Sunspots], targets: [Sunspots], input-length: 132, horizon: 12, season: 132, split: {parts: {train: 0.8, valid: 0.2}}}
            model: {cell: gru, hidden: 96}
            """),
    ];

    /// <summary>A text in which the next word depends on the last two: there is something to learn, and a loss that no model gets below.</summary>
    private static void WriteText(string path, int words, int seed)
    {
        var text = new StringBuilder();
        var random = new Random(seed);
        var (before, last) = (0, 0);
        for (var i = 0; i < words; i++)
        {
            (before, last) = (last, (7 * before + 13 * last + (int)(5 * Math.Pow(random.NextDouble(), 2))) % 211);
            text.Append(CultureInfo.InvariantCulture, $"w{last}").Append(i % 15 == 14 ? '\n' : ' ');
        }
        File.WriteAllText(path, text.ToString());
    }

    private static Process StartNode(string directory, string name, string roles, string seed, params string[] more)
    {
        string[] arguments =
        [
            "node", "--roles", roles, "--seed-nodes", seed, "--set", "failover=cloud",
            "--set", "blob-directory=" + Path.Combine(directory, name, "blobs"), .. more,
        ];
        return Commands.Start(arguments);
    }

    private static async Task WaitForAsync(int members, string seed)
    {
        for (var look = 0; look < 60; look++)
        {
            var (status, output, _) = await Commands.RunAsync(Commands.Product, "nodes", "--seed-nodes", seed);
            if (status == 0 && output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length >= members)
                return;
        }
        throw new InvalidOperationException("The nodes did not become members.");
    }

    /// <summary>Submits a job and gives the workers their turns until it is over.</summary>
    private static async Task<(double Speed, double Loss)> TrainAsync(string directory, string job, string seed, int[] workers)
    {
        var (command, said) = Commands.Listen(Commands.Product, "submit", job, "--seed-nodes", seed);
        using var ended = command;
        var run = "";
        using (var ticks = new PeriodicTimer(s_tick))
        {
            for (var tick = 0L; !command.HasExited && await ticks.WaitForNextTickAsync(); tick++)
            {
                if (run.Length > 0)
                    GiveTurns(workers, tick);
                else if (tick % 20 == 0)
                    run = RunOf(directory, job);
            }
        }
        // Stopped workers go on, for the next job.
        foreach (var worker in workers)
            _ = Signal(worker, Continue);
        if (command.ExitCode != 0)
            throw new InvalidOperationException($"A run ended with {command.ExitCode}: {(await said).Error}");
        var rows = File.ReadLines(Path.Combine(run, "metrics.jsonl")).Select(row => JsonDocument.Parse(row).RootElement).ToArray();
        var speed = rows.Last(row => row.TryGetProperty("tokens_per_second", out _)).GetProperty("tokens_per_second").GetDouble();
        using var summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "summary.json")));
        var valid = summary.RootElement.GetProperty("valid");
        return (speed, valid.GetProperty(valid.TryGetProperty("loss", out _) ? "loss" : "mse").GetDouble());
    }

    /// <summary>The run directory of a job in training, or nothing.</summary>
    private static string RunOf(string directory, string job)
    {
        var runs = Path.Combine(directory, "coordinator", "runs");
        var run = Directory.Exists(runs) ? Directory.EnumerateDirectories(runs, Path.GetFileNameWithoutExtension(job) + "-*").FirstOrDefault() : null;
        return run is not null && File.Exists(Path.Combine(run, "metrics.jsonl")) && new FileInfo(Path.Combine(run, "metrics.jsonl")).Length > 0 ? run : "";
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Continues the workers whose turn begins with this tick, and stops those whose turn ends; turns begin at different ticks.</summary>
    private static void GiveTurns(int[] pids, long tick)
    {
        for (var worker = 0; worker < pids.Length; worker++)
        {
            var ticks = worker == 0 ? TicksOfWorker / 4 : TicksOfWorker;
            var at = (tick + worker * TicksPerRound / pids.Length) % TicksPerRound;
            if (at == 0)
                _ = Signal(pids[worker], Continue);
            else if (at == ticks)
                _ = Signal(pids[worker], Stop);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
