using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// A process's sole right to write a run directory: an exclusive lock on the file <c>run.lock</c> in it, which the operating system takes back when the process
/// ends, however it ends. The file stays and names the execution that wrote last, so that a process which takes another's place knows it.
/// </summary>
public sealed class RunLock : IDisposable
{
    /// <summary>The file's name in the run directory.</summary>
    internal const string FileName = "run.lock";

    private static readonly TimeSpan s_lookAgain = TimeSpan.FromMilliseconds(20);

    private readonly FileStream _file;

    private RunLock(FileStream file, bool isTakenOver) => (_file, IsTakenOver) = (file, isTakenOver);

    /// <summary>Whether the same execution has been begun by another process, whose place this one takes.</summary>
    public bool IsTakenOver { get; }

    /// <summary>Where a run goes, absolute; creates nothing.</summary>
    /// <param name="job">The job.</param>
    /// <param name="options">How it is executed.</param>
    /// <exception cref="InvalidInputException">The directory is a file, or is not empty and is not to be resumed.</exception>
    public static string DirectoryFor(JobOptions job, TrainingRunOptions options)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(options);
        return RunDirectory.Choose(job.Name, options).Path;
    }

    /// <summary>Takes the right; the directory is made where there is none.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="execution">A name for this execution of the run, which no other has; empty where nobody takes this process's place.</param>
    /// <param name="patience">How long another process's end is waited for.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="InvalidInputException">Another process writes the directory, or it cannot be written.</exception>
    public static RunLock Take(string directory, string execution, TimeSpan patience, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(execution);
        RunDirectory.At(directory).CreateEmpty();
        var path = Path.Combine(directory, FileName);
        for (var waited = TimeSpan.Zero; ; waited += s_lookAgain)
        {
            cancellation.ThrowIfCancellationRequested();
            if (Open(path) is { } file)
                return Taken(file, execution);
            if (waited >= patience)
                throw new InvalidInputException($"Another process writes the run directory {directory}. Wait for its end, or give another --output.");
            cancellation.WaitHandle.WaitOne(s_lookAgain);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static FileStream? Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new InvalidInputException($"The run directory cannot be written: {error.Message}", error);
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    private static RunLock Taken(FileStream file, string execution)
    {
        try
        {
            using var reader = new StreamReader(file, leaveOpen: true);
            var isTakenOver = execution.Length > 0 && reader.ReadToEnd() == execution;
            file.SetLength(0);
            file.Write(System.Text.Encoding.UTF8.GetBytes(execution));
            file.Flush();
            return new RunLock(file, isTakenOver);
        }
        catch (IOException error)
        {
            file.Dispose();
            throw new InvalidInputException($"The run directory cannot be written: {error.Message}", error);
        }
    }
}
