namespace DistRnn.Cluster.Tests;

/// <summary>A stream that turns every bit over on its way: stands for one that encrypts.</summary>
internal sealed class InvertingStream(Stream inner) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush() => inner.Flush();

    public override int Read(Span<byte> buffer)
    {
        var count = inner.Read(buffer);
        for (var i = 0; i < count; i++)
            buffer[i] = (byte)~buffer[i];
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        var inverted = buffer.ToArray();
        for (var i = 0; i < inverted.Length; i++)
            inverted[i] = (byte)~inverted[i];
        inner.Write(inverted);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
