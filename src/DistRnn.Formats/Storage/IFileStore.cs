namespace DistRnn.Formats;

/// <summary>
/// The few things that durable writing asks of a file system. <see cref="FileStore.Local"/> does them; a decorator of it can fail on purpose, so that
/// full disks and lost directories are tried without having one.
/// </summary>
/// <remarks>Failures are <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>, as the BCL's.</remarks>
public interface IFileStore
{
    /// <summary>Makes a new file for writing; one that is there is emptied.</summary>
    /// <param name="path">The file.</param>
    Stream Create(string path);

    /// <summary>Returns when everything written to a stream of <see cref="Create"/> is on the disk.</summary>
    /// <param name="stream">The stream.</param>
    void Sync(Stream stream);

    /// <summary>Gives a file another name, in place of a file that has it; readers see one or the other, never a mixture.</summary>
    /// <param name="from">The file.</param>
    /// <param name="to">Its new name, in the same directory.</param>
    void Replace(string from, string to);

    /// <summary>Returns when a directory's names are on the disk; where the system has no such thing, at once.</summary>
    /// <param name="path">The directory.</param>
    void SyncDirectory(string path);

    /// <summary>Makes a directory and those above it; one that is there stays.</summary>
    /// <param name="path">The directory.</param>
    void CreateDirectory(string path);

    /// <summary>Deletes a file; one that is not there is no error.</summary>
    /// <param name="path">The file.</param>
    void Delete(string path);

    /// <summary>Deletes a directory and what is in it; one that is not there is no error.</summary>
    /// <param name="path">The directory.</param>
    void DeleteDirectory(string path);
}
