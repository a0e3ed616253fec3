using DistRnn.Formats;

namespace DistRnn.Cluster.Tests;

/// <summary>A file system with room for so many bytes, or whose n-th operation fails; what it did before is done.</summary>
internal sealed class FailingFiles : IFileStore
{
    private long _room = long.MaxValue;
    private int _operations = int.MaxValue;

    /// <summary>How many failures there were: a test asserts that its failure came.</summary>
    public int Failures { get; private set; }

    /// <summary>How many files were created.</summary>
    public int Created { get; private set; }

    public static FailingFiles WithRoomFor(long bytes) => new() { _room = bytes };

    public static FailingFiles FailingAfter(int operations) => new() { _operations = operations };

    public Stream Create(string path)
    {
        Operate(path);
        Created++;
        return new LimitedStream(this, FileStore.Local.Create(path));
    }

    public void Sync(Stream stream)
    {
        Operate("sync");
        stream.Flush();
    }

    public void Replace(string from, string to)
    {
        Operate(to);
        FileStore.Local.Replace(from, to);
    }

    public void SyncDirectory(string path) => Operate(path);

    public void CreateDirectory(string path)
    {
        Operate(path);
        FileStore.Local.CreateDirectory(path);
    }

    public void Delete(string path) => FileStore.Local.Delete(path);

    public void DeleteDirectory(string path)
    {
        Operate(path);
        FileStore.Local.DeleteDirectory(path);
    }

    private void Operate(string what)
    {
        if (_operations-- > 0)
            return;
        Failures++;
        throw new IOException($"Input/output error : '{what}'");
    }

    private sealed class LimitedStream(FailingFiles files, Stream inner) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
            var fits = (int)Math.Min(count, files._room);
            inner.Write(buffer, offset, fits);
            files._room -= fits;
            if (fits == count)
                return;
            files.Failures++;
            throw new IOException("No space left on device");
        }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
