using DistRnn.Data;
using DistRnn.Formats;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>Makes a run directory of parameters that were trained elsewhere, with PyTorch's names and layouts.</summary>
public static class ModelImport
{
    /// <summary>Imports a safetensors file.</summary>
    /// <param name="file">The safetensors file: exactly the tensors of the job's network.</param>
    /// <param name="job">The job whose network it is. Its data is read for labels and scales, and for the vocabulary where none is given.</param>
    /// <param name="vocabularyFile">
    /// A vocabulary, a token a line in the order of ids, or null for that of the job's data. A language model with one needs no data.
    /// </param>
    /// <param name="output">The run directory; new or empty.</param>
    /// <param name="progress">Who watches the reading.</param>
    /// <returns>The summary of a run of no steps, which also stands in the directory.</returns>
    /// <exception cref="InvalidInputException">A tensor is missing, superfluous or of another shape, or a file is not usable; the message names it.</exception>
    public static RunSummary Import(string file, JobOptions job, string? vocabularyFile, string output, ITrainingProgress progress)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        ArgumentNullException.ThrowIfNull(job);
        ArgumentException.ThrowIfNullOrEmpty(output);
        ArgumentNullException.ThrowIfNull(progress);
        var options = new TrainingRunOptions { OutputDirectory = output };
        var started = options.Clock.GetTimestamp();
        var directory = RunDirectory.Choose(job.Name, options);
        if (!File.Exists(file))
            throw new InvalidInputException($"There is no file {file}; a safetensors file is needed.");
        var vocabulary = vocabularyFile is null ? null : Vocabulary.Read(TextSource.FromFile(vocabularyFile));
        var state = Directory.CreateTempSubdirectory("distrnn-import-").FullName;
        try
        {
            job = SaveState(job, vocabulary, state, progress);
            using var data = TaskData.LoadForUse(JobData.OptionsOf(job), state, null);
            var network = ModelFiles.NetworkOf(job, data);
            using var parameters = new FloatBuffer(network.Parameters.Count);
            TensorFiles.ReadParameters(file, network.Parameters, parameters);
            directory.Create();
            AtomicFile.WriteText(directory.JobFile, JobFile.Write(job));
            ModelFiles.WriteDescription(directory.Model, job, data, network);
            ModelFiles.WriteParameters(directory.Model, network.Parameters, parameters, 0);
            directory.WriteNodes(options.Clock.GetUtcNow());
            var summary = SummaryOf(job, directory, network, Fingerprint.Of(network.Parameters, parameters), options.Clock.GetElapsedTime(started).TotalSeconds);
            directory.WriteSummary(summary);
            return summary;
        }
        finally
        {
            Directory.Delete(state, recursive: true);
        }
    }

    private static JobOptions SaveState(JobOptions job, Vocabulary? vocabulary, string state, ITrainingProgress progress)
    {
        if (vocabulary is null || job.Task != TaskKind.LanguageModel)
        {
            using var data = TaskData.Load(JobData.OptionsOf(job), job.Seed, new LoadingRelay(progress));
            JobData.CheckDigests(job, data.Files);
            data.SaveState(state);
            job = JobData.WithDigests(job, data.Files);
            if (vocabulary is not null && data.Vocabularies.IsEmpty)
                throw new InvalidInputException("The job's data is numbers, which have no vocabulary; leave --vocabulary out.");
        }
        vocabulary?.Write(Path.Combine(state, "vocabulary.txt"));
        return job;
    }

    private static RunSummary SummaryOf(JobOptions job, RunDirectory directory, INetwork network, string fingerprint, double seconds) => new()
    {
        Status = RunStatus.Completed,
        Task = JobNames.Of(job.Task),
        Directory = directory.Path,
        Steps = 0,
        Epochs = 0,
        Parameters = network.Parameters.ParameterCount,
        Fingerprint = fingerprint,
        ModelFingerprint = fingerprint,
        ModelStep = 0,
        Seconds = seconds,
        TokensPerSecond = 0,
        PeakMemoryBytes = MachineFacts.PeakMemoryBytes,
        Software = MachineFacts.Software,
        Processor = MachineFacts.Processor,
    };
}
