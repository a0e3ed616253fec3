using DistRnn.Protocol;
using DistRnn.Training;
using Xunit;

namespace DistRnn.Runtime.Tests;

/// <summary>However many workers and servers carry a job, it ends in the bits of the trainer in one process.</summary>
public sealed class LoopbackTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("distrnn-loopback").FullName;

    [Theory]
    [InlineData("reber", 1, 1)]
    [InlineData("reber", 3, 2)]
    [InlineData("sunspots", 2, 1)]
    [InlineData("sunspots", 7, 4)]
    [InlineData("binary-addition", 5, 3)]
    public void Fingerprint_OfABuiltInJob_IsThatOfOneProcess(string name, int workers, int servers) => Check(BuiltIn(name), workers, servers);

    [Theory]
    [InlineData("none", 23 * 2 * 2)]
    [InlineData("bf16", 0)]
    public void Fingerprint_OfALanguageModelWithLanes_IsThatOfOneProcess(string codec, int ahead)
    {
        var text = Path.Combine(_directory, "train.txt");
        File.WriteAllLines(text, Enumerable.Range(0, 120).Select(line => string.Join(' ', Enumerable.Range(0, 12).Select(word => $"w{(line * line + 7 * word) % 41}"))));
        var file = Path.Combine(_directory, "job.yaml");
        File.WriteAllText(file, $$"""
            task: language-model
            data: {train: train.txt, valid: train.txt}
            model: {embedding: 12, cell: lstm, hidden: 20, layers: 2, dropout: 0.2}
            training: {steps: 23, batch: 6, batch-shards: 3, window: 7, optimizer: adam, clip-norm: 1, evaluate-every: 10}
            cluster: {codec: {{codec}}}
            checkpoint: {every-steps: 9}
            """);
        Assert.Equal(ahead, Check(JobFile.Read(file, JobOverrides.None), 2, 3));
    }

    [Theory]
    [InlineData("skip-gram", "negative-sampling(5)", "none", "sgd")]
    [InlineData("cbow", "hierarchical-softmax", "none", "adam")]
    [InlineData("skip-gram", "negative-sampling(5)", "bf16", "sgd")]
    public void Fingerprint_OfWordVectorsWithSparseRows_IsThatOfOneProcess(string algorithm, string output, string codec, string optimizer)
    {
        File.WriteAllLines(
            Path.Combine(_directory, "words.txt"), Enumerable.Range(0, 120).Select(line => string.Join(' ', Enumerable.Range(0, 12).Select(word => $"w{(line * line + 7 * word) % 401}"))));
        File.WriteAllLines(Path.Combine(_directory, "questions.txt"), [": all", "w0 w7 w14 w21", "w1 w8 w15 w22"]);
        var file = Path.Combine(_directory, "job.yaml");
        File.WriteAllText(file, $$"""
            task: word-vectors
            data: {train: words.txt, valid: words.txt, analogies: questions.txt, min-count: 1, subsample: none}
            model: {dimensions: 50, algorithm: {{algorithm}}, output: {{output}}}
            training: {steps: 23, batch: 100, batch-shards: 5, optimizer: {{optimizer}}, evaluate-every: 10}
            cluster: {codec: {{codec}}}
            checkpoint: {every-steps: 9}
            """);
        Check(JobFile.Read(file, JobOverrides.None), 2, 3);
    }

    [Theory]
    [InlineData("additive", "lstm", "none")]
    [InlineData("general", "gru", "bf16")]
    public void Fingerprint_OfATranslationWithAttention_IsThatOfOneProcess(string attention, string cell, string codec)
    {
        File.WriteAllLines(
            Path.Combine(_directory, "pairs.tsv"),
            Enumerable.Range(0, 60).Select(line => Enumerable.Range(0, 1 + line % 5).Select(word => (line * line + 7 * word) % 19).ToArray())
                .Select(words => $"{string.Join(' ', words.Select(word => $"s{word}"))}\t{string.Join(' ', words.Select(word => $"t{word % 11}"))}"));
        var file = Path.Combine(_directory, "job.yaml");
        File.WriteAllText(file, $$"""
            task: translation
            data: {train: pairs.tsv, valid: pairs.tsv, reverse-source: true}
            model: {embedding: 9, cell: {{cell}}, hidden: 12, layers: 2, bidirectional: true, attention: {{attention}}, decode: beam(2), dropout: {embedding: 0.1, layers: 0.2, output: 0.2, words: 0.1} }
            training: {steps: 23, batch: 10, batch-shards: 3, clip-norm: 1, evaluate-every: 10}
            cluster: {codec: {{codec}}}
            checkpoint: {every-steps: 9}
            """);
        Check(JobFile.Read(file, JobOverrides.None), 2, 3);
    }

    [Theory]
    [InlineData("bounded-staleness(2)")]
    [InlineData("asynchronous")]
    public void Run_ShardsAppliedOneByOne_AppliesEachOnceAndLearns(string consistency)
    {
        var job = BuiltIn("sunspots");
        job = job with { Training = job.Training with { EvaluateEvery = 5 }, Cluster = job.Cluster with { Consistency = consistency } };
        using var run = new LoopbackRun(job, 3, 2, new TrainingRunOptions { OutputDirectory = Path.Combine(_directory, "apart"), Threads = 1 });
        var summary = run.Run();
        Assert.Equal(RunStatus.Completed, summary.Status);
        Assert.False(summary.Reproducible);
        Assert.Equal(12, summary.Steps);
        var entered = run.Ledger.OfType<ShardEntered>().Select(entry => (entry.FirstShard, entry.Partition, entry.At.Step)).ToArray();
        Assert.Equal(12 * job.Training.BatchShards * 2, entered.Length);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static JobOptions BuiltIn(string name)
    {
        var job = JobFile.Parse(BuiltInJobs.Find(name)!.Yaml, name, name, Environment.CurrentDirectory);
        return job with { Training = job.Training with { Epochs = null, Steps = 12, EvaluateEvery = job.Training.EvaluateEvery is null ? null : 5 } };
    }

    /// <summary>Runs a job in one process and by machines; returns how many partitions went ahead of their gradients.</summary>
    private int Check(JobOptions job, int workers, int servers)
    {
        var alone = TrainingSession.Run(job, new TrainingRunOptions { OutputDirectory = Path.Combine(_directory, "alone"), Threads = 1 }, SilentProgress.Instance);
        using var run = new LoopbackRun(job, workers, servers, new TrainingRunOptions { OutputDirectory = Path.Combine(_directory, "together"), Threads = 1 });
        var together = run.Run();
        Assert.Equal(RunStatus.Completed, together.Status);
        Assert.Equal(alone.Fingerprint, together.Fingerprint);
        Assert.Equal(alone.ModelFingerprint, together.ModelFingerprint);
        Assert.Equal(alone.ModelStep, together.ModelStep);
        Assert.Equal(alone.Test, together.Test);
        Assert.Equal(
            File.ReadAllLines(Path.Combine(_directory, "alone", "metrics.jsonl")).Select(WithoutSpeed),
            File.ReadAllLines(Path.Combine(_directory, "together", "metrics.jsonl")).Select(WithoutSpeed));
        Assert.Equal(together.Steps, run.Ledger.OfType<StepCommitted>().Count());
        return run.Ahead;
    }

    private static string WithoutSpeed(string row) => System.Text.RegularExpressions.Regex.Replace(row, "\"tokens_per_second\":[^,}]*", "");
}
