using System.Collections.Immutable;
using System.Text;
using DistRnn.Numerics;
using YamlDotNet.RepresentationModel;

namespace DistRnn.Training;

/// <summary>Reads job files, and writes jobs with every default spelled out.</summary>
public static class JobFile
{
    /// <summary>Reads a job file and lays the overrides over it. Relative paths in it are relative to its directory.</summary>
    /// <param name="path">The file.</param>
    /// <param name="overrides">What is laid over it, or null for nothing.</param>
    /// <exception cref="InvalidInputException">The file cannot be read, or it or an override says what a job cannot say.</exception>
    public static JobOptions Read(string path, JobOverrides? overrides = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string text;
        try
        {
            var info = new FileInfo(path);
            if (info.Exists && info.Length > 4L * JobYaml.MaxCharacters)
                throw new InvalidInputException($"{path} has {info.Length} bytes; that is no job file.");
            text = new UTF8Encoding(false, true).GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidInputException($"{path} is not UTF-8 text; a job file is.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(Directory.Exists(path) ? $"{path} is a directory; a job is a file." : $"{path} cannot be read: {error.Message}", error);
        }
        var full = Path.GetFullPath(path);
        return Parse(text, path, Path.GetFileNameWithoutExtension(full), Path.GetDirectoryName(full)!, overrides);
    }

    /// <summary>Reads a job from text.</summary>
    /// <param name="text">YAML.</param>
    /// <param name="source">What messages call the text, such as its file.</param>
    /// <param name="name">The job's name.</param>
    /// <param name="directory">What relative paths in it are relative to, an absolute path.</param>
    /// <param name="overrides">What is laid over it, or null for nothing.</param>
    /// <exception cref="InvalidInputException">The text or an override says what a job cannot say.</exception>
    public static JobOptions Parse(string text, string source, string name, string directory, JobOverrides? overrides = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        var file = JobLayers.OfFile(JobYaml.Read(text, source), source);
        return Build(null, name, file, source, directory, overrides ?? JobOverrides.None);
    }

    /// <summary>Lays overrides over a job that is already there.</summary>
    /// <param name="job">The job; its task cannot be changed.</param>
    /// <param name="overrides">What is laid over it.</param>
    /// <exception cref="InvalidInputException">An override says what the job cannot say.</exception>
    public static JobOptions Override(JobOptions job, JobOverrides overrides)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(overrides);
        return Build(job, job.Name, [], job.Name, overrides.WorkingDirectory, overrides);
    }

    /// <summary>A job as a file that reads back to the same job: every key of its task, absolute paths, the SHA-256 it has.</summary>
    /// <param name="job">The job.</param>
    public static string Write(JobOptions job)
    {
        ArgumentNullException.ThrowIfNull(job);
        return JobWriter.Write(job);
    }

    private static JobOptions Build(JobOptions? job, string name, IReadOnlyList<JobEntry> file, string source, string directory, JobOverrides overrides)
    {
        var environment = JobLayers.OfEnvironment(overrides.Environment);
        var sets = JobLayers.OfSets(overrides.Sets);
        var task = TaskOf(job, [.. file, .. environment, .. sets], source, directory);
        var builder = new JobBuilder(job ?? JobOptions.DefaultsOf(task) with { Name = name });
        builder.Add(file.SelectMany(entry => JobLayers.Assign(task, entry, source, directory, false)));
        builder.Add(environment.SelectMany(entry => JobLayers.Assign(task, entry, source, overrides.WorkingDirectory, true)));
        builder.Add(sets.SelectMany(entry => JobLayers.Assign(task, JobLayers.Complete(task, entry), source, overrides.WorkingDirectory, true)));
        return builder.Build(source);
    }

    private static TaskKind TaskOf(JobOptions? job, ImmutableArray<JobEntry> entries, string source, string directory)
    {
        var entry = entries.LastOrDefault(entry => string.Equals(entry.Path, "task", StringComparison.Ordinal));
        if (entry is null)
            return job?.Task ?? throw new InvalidInputException($"{source} has no key 'task'; allowed is {TaskKey.Allowed}.");
        var where = entry.Where ?? $"{source}:{entry.Node.Start.Line}";
        var task = JobNames.Parse<TaskKind>((string)new JobValueReader(TaskKey, where, directory).Read(entry.Node)!);
        if (job is not null && job.Task != task)
            throw new InvalidInputException($"{where}: the job {job.Name} has the task {JobNames.Of(job.Task)}, which cannot be changed.");
        return task;
    }

    private static JobKey TaskKey => JobSchema.Keys.First(key => key.Path == "task");
}
