using System.Text;
using DistRnn.Data;
using DistRnn.Formats;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>Makes a run directory of parameters that were trained elsewhere, with PyTorch's names and layouts.</summary>
public static class ModelImport
{
    private const int SpecialWords = 2;

    /// <summary>Imports a safetensors file.</summary>
    /// <param name="file">The safetensors file: exactly the tensors of the job's network. For word vectors also a file of word2vec, text or binary, whose words and dimensions win over the job's.</param>
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
        var vectors = job.Task == TaskKind.WordVectors && !IsSafetensors(file) ? Word2VecReader.Read(file) : null;
        if (vectors is not null && vocabularyFile is not null)
            throw new InvalidInputException($"{file} holds its own words; leave --vocabulary out.");
        var vocabulary = vectors is not null ? VocabularyOf(vectors) : vocabularyFile is null ? null : Vocabulary.Read(TextSource.FromFile(vocabularyFile));
        if (vectors is not null)
            job = job with { Model = job.Model with { Dimensions = vectors.Dimensions } };
        var state = Directory.CreateTempSubdirectory("distrnn-import-").FullName;
        try
        {
            job = SaveState(job, vocabulary, state, progress);
            using var data = TaskData.LoadForUse(JobData.OptionsOf(job), state, null);
            var network = ModelFiles.NetworkOf(job, data);
            using var parameters = new FloatBuffer(network.Parameters.Count);
            if (vectors is null)
                TensorFiles.ReadParameters(file, network.Parameters, parameters);
            else
                vectors.Values.CopyTo(parameters.Span[(int)((WordVectorModel)network).In.Offset..][(SpecialWords * vectors.Dimensions)..]);
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

    /// <summary>Whether a file is safetensors, which begins with the length of a JSON object.</summary>
    private static bool IsSafetensors(string file)
    {
        using var stream = File.OpenRead(file);
        Span<byte> start = stackalloc byte[sizeof(long) + 1];
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start[^1] == (byte)'{';
    }

    /// <summary>The words of a file of word2vec, which does not say how often they occur: once each, after the unknown word and the line's end.</summary>
    private static Vocabulary VocabularyOf(Word2VecVectors vectors)
    {
        var lines = new StringBuilder($"{Vocabulary.Unknown}\t0\n{Vocabulary.EndOfSentence}\t0\n");
        foreach (var word in vectors.Words)
            lines.Append(word.Replace("\\", "\\\\", StringComparison.Ordinal)).Append("\t1\n");
        return Vocabulary.Read(TextSource.FromText("the words of the vectors", lines.ToString()));
    }

    private static JobOptions SaveState(JobOptions job, Vocabulary? vocabulary, string state, ITrainingProgress progress)
    {
        if (vocabulary is not null && job.Task == TaskKind.Translation)
            throw new InvalidInputException("A translation has a vocabulary on either side, both of the job's data; leave --vocabulary out.");
        if (vocabulary is null || job.Task is not (TaskKind.LanguageModel or TaskKind.WordVectors))
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
