using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Training.Tests;

/// <summary>Jobs in a line, for tests of what may stand in a job.</summary>
internal static class JobText
{
    public static string Directory { get; } = Path.Combine(Path.GetTempPath(), "jobs");

    /// <summary>The least job of each task.</summary>
    public static string Least(string task) => $"task: {task}\ndata:\n  train: train.txt\n";

    public static JobOptions Parse(string yaml, params string[] sets) => JobFile.Parse(yaml, "job.yaml", "job", Directory, new JobOverrides { Sets = [.. sets], WorkingDirectory = Directory });

    public static JobOptions ParseWith(string yaml, (string Name, string Value)[] environment, params string[] sets) =>
        JobFile.Parse(yaml, "job.yaml", "job", Directory, new JobOverrides { Sets = [.. sets], WorkingDirectory = Directory, Environment = [.. environment.Select(pair => KeyValuePair.Create(pair.Name, pair.Value))] });

    public static string ErrorOf(string yaml, params string[] sets) => Assert.Throws<InvalidInputException>(() => Parse(yaml, sets)).Message;
}
