using DistRnn.Training;

namespace DistRnn.Cluster.Tests;

/// <summary>A small job with files beside it, as a user would have it.</summary>
internal sealed class TinyJob : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public TinyJob()
    {
        _scratch.Write("data/names.tsv", string.Concat(Enumerable.Repeat("good\ta fine day\nbad\tno good at all\ngood\tvery fine\nbad\tbad day\n", 6)));
        _scratch.Write("data/valid.tsv", "good\ta very fine day\nbad\tno day\n");
        _scratch.Write("job.yaml", """
            task: classification
            data: {format: tsv, train: data/names.tsv, valid: data/valid.tsv}
            model: {embedding: 4, hidden: 6}
            training: {steps: 6, batch: 8, batch-shards: 2}
            checkpoint: {every-steps: 2, keep: 100}
            """);
    }

    public string Path => _scratch.Path;

    /// <summary>A path inside.</summary>
    public string this[string name] => _scratch[name];

    public string Write(string name, string text) => _scratch.Write(name, text);

    public JobOptions Job(params string[] sets) => JobFile.Read(this["job.yaml"], new JobOverrides { Sets = [.. sets], WorkingDirectory = Path });

    public RunSummary Train(JobOptions job, string output) =>
        TrainingSession.Run(job, new TrainingRunOptions { OutputDirectory = output, Threads = 1 }, SilentProgress.Instance);

    public void Dispose() => _scratch.Dispose();
}
