using DistRnn.Training;

namespace DistRnn.Cluster.Tests;

/// <summary>Small jobs that take a second or less.</summary>
internal static class SampleJobs
{
    /// <summary>A built-in job, of twelve steps.</summary>
    public static JobOptions BuiltIn(string name)
    {
        var job = JobFile.Parse(BuiltInJobs.Find(name)!.Yaml, name, name, Environment.CurrentDirectory);
        return job with { Training = job.Training with { Epochs = null, Steps = 12, EvaluateEvery = job.Training.EvaluateEvery is null ? null : 5 } };
    }

    /// <summary>A language model on a generated text, with dropout and lanes that carry state over shards.</summary>
    /// <param name="directory">Where the text goes.</param>
    /// <param name="cluster">Keys of the section cluster.</param>
    /// <param name="steps">Steps.</param>
    public static JobOptions LanguageModel(string directory, string cluster, int steps = 23)
    {
        File.WriteAllLines(Path.Combine(directory, "train.txt"), Enumerable.Range(0, 120).Select(line => string.Join(' ', Enumerable.Range(0, 12).Select(word => $"w{(line * line + 7 * word) % 41}"))));
        var file = Path.Combine(directory, "job.yaml");
        File.WriteAllText(file, $$"""
            task: language-model
            data: {train: train.txt, valid: train.txt}
            model: {embedding: 12, cell: lstm, hidden: 20, layers: 2, dropout: 0.2}
            training: {steps: {{steps}}, batch: 6, batch-shards: 3, window: 7, optimizer: adam, clip-norm: 1, evaluate-every: 10}
            cluster: {{{cluster}}}
            checkpoint: {every-steps: 9}
            """);
        return JobFile.Read(file, JobOverrides.None);
    }

    /// <summary>A job with other numbers of workers and parameter servers.</summary>
    public static JobOptions With(JobOptions job, int workers, int servers) => job with { Cluster = job.Cluster with { Workers = workers, ParameterServers = servers } };
}
