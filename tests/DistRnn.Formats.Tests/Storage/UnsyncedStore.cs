namespace DistRnn.Formats.Tests;

/// <summary>The file system of this machine, without waiting for the disk: a test's machine does not lose its power.</summary>
internal sealed class UnsyncedStore : IFileStore
{
    public Stream Create(string path) => FileStore.Local.Create(path);

    public void Sync(Stream stream) => stream.Flush();

    public void Replace(string from, string to) => FileStore.Local.Replace(from, to);

    public void SyncDirectory(string path)
    {
    }

    public void CreateDirectory(string path) => FileStore.Local.CreateDirectory(path);

    public void Delete(string path) => FileStore.Local.Delete(path);

    public void DeleteDirectory(string path) => FileStore.Local.DeleteDirectory(path);
}
