using System.Runtime.InteropServices;

namespace DistRnn.Formats;

/// <summary>The file system of this machine.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed partial class FileStore : IFileStore
{
    private const int BufferBytes = 1 << 16;

    private FileStore()
    {
    }

    /// <summary>The file system of this machine.</summary>
    public static FileStore Local { get; } = new();

    /// <inheritdoc/>
    public Stream Create(string path) => new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, BufferBytes);

    /// <inheritdoc/>
    public void Sync(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (stream is FileStream file)
            file.Flush(flushToDisk: true);
        else
            stream.Flush();
    }

    /// <inheritdoc/>
    public void Replace(string from, string to) => File.Move(from, to, overwrite: true);

    /// <inheritdoc/>
    public void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        var descriptor = Open(path, 0);
        if (descriptor < 0)
            throw new IOException($"The directory {path} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}.");
        try
        {
            // Some file systems have no fsync of directories (EINVAL): there a rename is as durable as it gets.
            if (FSync(descriptor) != 0 && Marshal.GetLastPInvokeError() != InvalidArgument)
                throw new IOException($"The directory {path} cannot be written to the disk: {Marshal.GetLastPInvokeErrorMessage()}.");
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    /// <inheritdoc/>
    public void CreateDirectory(string path) => Directory.CreateDirectory(path);

    /// <inheritdoc/>
    public void Delete(string path)
    {
        if (File.Exists(path))
            File.Delete(path);
    }

    /// <inheritdoc/>
    public void DeleteDirectory(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
    }

    private const int InvalidArgument = 22;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
