using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace DistRnn.Benchmarks;

/// <summary>
/// How long training stands still when a process is killed: real processes of one machine, fast profile, a language model of 2 x 128 units. What is measured is the
/// longest time between two commits from the kill on, less the usual step; commits are seen as rows of <c>metrics.jsonl</c>, which is looked at every two milliseconds.
/// </summary>
internal static class RecoveryTimes
{
    private const int StepsBefore = 60;
    private static readonly TimeSpan s_watched = TimeSpan.FromSeconds(15);

    // A worker alone, a server alone and the coordinator, in runs of two workers.
    private static readonly (string What, int Servers, Func<JsonElement, bool> Is)[] s_victims =
    [
        ("worker", 1, node => RolesOf(node) == "worker"),
        ("parameter-server with a copy", 3, node => RolesOf(node) == "parameter-server"),
        ("coordinator in charge of three", 2, node => node.TryGetProperty("in_charge", out _)),
    ];

    /// <summary>Measures and prints.</summary>
    /// <param name="runs">How often each kind of process is killed.</param>
    /// <param name="kind">How the kind's name begins; empty for all.</param>
    /// <returns>0.</returns>
    internal static async Task<int> RunAsync(int runs, string kind = "")
    {
        var directory = Directory.CreateTempSubdirectory("distrnn-recovery").FullName;
        try
        {
            WriteJob(directory);
            foreach (var (what, servers, isVictim) in s_victims.Where(victim => victim.What.StartsWith(kind, StringComparison.Ordinal)))
            {
                var (lost, steps) = (new List<double>(), new List<double>());
                for (var run = 0; run < runs; run++)
                {
                    var (step, longest) = await KillAsync(directory, servers, isVictim);
                    steps.Add(step);
                    lost.Add(longest - step);
                    Console.Error.WriteLine(Text($"{what}, run {run + 1}: {longest - step:0.00} s lost, usual step {1000 * step:0} ms, load {Load()}"));
                }
                lost.Sort();
                steps.Sort();
                Console.WriteLine(Text($"{what}: {lost.Count} kills, median {lost[lost.Count / 2]:0.00} s lost, worst {lost[^1]:0.00} s, usual step {1000 * steps[steps.Count / 2]:0} ms, load at the end {Load()}"));
            }
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void WriteJob(string directory)
    {
        File.WriteAllText(Path.Combine(directory, "train.txt"), string.Concat(Enumerable.Repeat("the cat sat on the mat\nthe dog lay on the log\n", 400)));
        File.WriteAllText(Path.Combine(directory, "job.yaml"), """
            task: language-model
            data: {train: train.txt, tokens: char}
            model: {embedding: 32, hidden: 128, layers: 2}
            training: {steps: 1000000, batch: 16, window: 20}
            cluster: {threads-per-worker: 1, coordinators: 3, failover: fast}
            checkpoint: {every-steps: 1000000}
            """);
    }

    private static async Task<(double Step, double Longest)> KillAsync(string directory, int servers, Func<JsonElement, bool> isVictim)
    {
        var run = Path.Combine(directory, "run");
        using var command = Commands.Start("train", Path.Combine(directory, "job.yaml"), "--output", run, "--local", "processes", "--workers", "2", "--parameter-servers", Text($"{servers}"));
        try
        {
            var rows = new RowTimes(Path.Combine(run, "metrics.jsonl"));
            using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
            while (rows.Seconds.Count < StepsBefore && !command.HasExited && await looks.WaitForNextTickAsync())
                rows.Look();
            if (command.HasExited)
                throw new InvalidOperationException("The run ended before anything was killed.");
            var usual = rows.Seconds.Zip(rows.Seconds.Skip(1), (before, after) => after - before).Skip(StepsBefore / 3).Order().ToArray();
            var (killed, first) = (rows.Now, rows.Seconds.Count);
            using (var victim = Process.GetProcessById(VictimOf(run, isVictim)))
                victim.Kill();
            while (rows.Now - killed < s_watched.TotalSeconds && await looks.WaitForNextTickAsync())
                rows.Look();
            if (rows.Seconds.Count < first + 2)
                throw new InvalidOperationException("The run did not go on.");
            var times = rows.Seconds.Skip(first).Prepend(killed).ToArray();
            return (usual[usual.Length / 2], times.Zip(times.Skip(1), (before, after) => after - before).Max());
        }
        finally
        {
            command.Kill();
            await command.WaitForExitAsync();
            await WaitForChildrenAsync(run);
            Directory.Delete(run, recursive: true);
        }
    }

    /// <summary>Waits until the children have seen that the command is gone: the one in charge holds the lock until then.</summary>
    private static async Task WaitForChildrenAsync(string run)
    {
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (var look = 0; look < 50 && NodesOf(run).Any(node => Directory.Exists(Text($"/proc/{node.GetProperty("pid").GetInt32()}"))); look++)
            await looks.WaitForNextTickAsync();
    }

    private static int VictimOf(string run, Func<JsonElement, bool> isVictim) =>
        NodesOf(run).Where(node => node.GetProperty("left").ValueKind == JsonValueKind.Null && isVictim(node)).Select(node => node.GetProperty("pid").GetInt32()).First();

    private static JsonElement[] NodesOf(string run) => [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "nodes.json"))).RootElement.EnumerateArray()];

    private static string RolesOf(JsonElement node) => string.Join(",", node.GetProperty("roles").EnumerateArray().Select(role => role.GetString()));

    private static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>When the rows of a growing file were first seen, in seconds.</summary>
    private sealed class RowTimes(string path)
    {
        private readonly byte[] _buffer = new byte[1 << 16];
        private readonly long _began = Stopwatch.GetTimestamp();
        private long _read;

        public List<double> Seconds { get; } = [];

        public double Now => Stopwatch.GetElapsedTime(_began).TotalSeconds;

        public void Look()
        {
            if (!File.Exists(path))
                return;
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            // A coordinator that takes over may cut a row that was not whole.
            file.Position = _read = Math.Min(_read, file.Length);
            var count = file.Read(_buffer);
            _read += count;
            for (var rows = Encoding.UTF8.GetString(_buffer, 0, count).Count(character => character == '\n'); rows > 0; rows--)
                Seconds.Add(Now);
        }
    }
}
