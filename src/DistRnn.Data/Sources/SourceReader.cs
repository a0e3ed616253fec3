using System.Buffers;
using System.Security.Cryptography;
using System.Text.Unicode;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>
/// Reads a source from its beginning in blocks: as bytes, or as text that must be UTF-8. It hashes what it reads and tells how far it is.
/// Nothing is held but one block.
/// </summary>
internal sealed class SourceReader : TextReader
{
    private const int BlockBytes = 1 << 16;

    private readonly TextSource _source;
    private readonly Stream _stream;
    private readonly IProgress<DataProgress>? _progress;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _bytes = new byte[BlockBytes];
    private readonly char[] _chars = new char[BlockBytes];
    private readonly long _total;
    private int _byteCount;
    private int _charStart;
    private int _charEnd;
    private long _bytesRead;
    private long _bytesDecoded;
    private long _linesDecoded;
    private bool _ended;

    public SourceReader(TextSource source, IProgress<DataProgress>? progress = null)
    {
        (_source, _progress) = (source, progress);
        _stream = Open(source);
        _total = _stream.CanSeek ? _stream.Length : 0;
    }

    /// <summary>What was read; the hash is of the whole file once its end is reached.</summary>
    public SourceFile Finish()
    {
        while (ReadBytes(_bytes) > 0)
        {
        }
        _progress?.Report(new DataProgress(_source.Name, _bytesRead, _bytesRead));
        return new SourceFile(_source.Name, _bytesRead, Convert.ToHexStringLower(_hash.GetCurrentHash()));
    }

    /// <summary>The next bytes, 0 at the end. Not to be mixed with reading text.</summary>
    public int ReadBytes(Span<byte> destination)
    {
        int count;
        try
        {
            count = _stream.Read(destination);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{_source.Name} cannot be read: {e.Message}", e);
        }
        _hash.AppendData(destination[..count]);
        var before = _bytesRead;
        _bytesRead += count;
        if (_bytesRead >> 20 != before >> 20)
            _progress?.Report(new DataProgress(_source.Name, _bytesRead, Math.Max(_total, _bytesRead)));
        return count;
    }

    /// <summary>The next block of text, empty at the end. It is valid until the next call.</summary>
    public ReadOnlySpan<char> ReadBlock()
    {
        if (_charStart == _charEnd && !Decode())
            return [];
        var block = _chars.AsSpan(_charStart, _charEnd - _charStart);
        _charStart = _charEnd;
        return block;
    }

    public override int Peek() => _charStart < _charEnd || Decode() ? _chars[_charStart] : -1;

    public override int Read() => _charStart < _charEnd || Decode() ? _chars[_charStart++] : -1;

    public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));

    public override int Read(Span<char> buffer)
    {
        if (buffer.IsEmpty || (_charStart == _charEnd && !Decode()))
            return 0;
        var count = Math.Min(buffer.Length, _charEnd - _charStart);
        _chars.AsSpan(_charStart, count).CopyTo(buffer);
        _charStart += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stream.Dispose();
            _hash.Dispose();
        }
        base.Dispose(disposing);
    }

    private bool Decode()
    {
        while (true)
        {
            if (!_ended)
            {
                var count = ReadBytes(_bytes.AsSpan(_byteCount));
                _byteCount += count;
                _ended = count == 0;
            }
            if (_byteCount == 0)
                return false;
            var status = Utf8.ToUtf16(_bytes.AsSpan(0, _byteCount), _chars, out var read, out var written, replaceInvalidSequences: false, isFinalBlock: _ended);
            if (status == OperationStatus.InvalidData && written == 0)
            {
                throw new InvalidInputException(
                    $"{_source.Name}, line {_linesDecoded + 1}: byte 0x{_bytes[read]:x2} at offset {_bytesDecoded + read} is not UTF-8. Convert the file to UTF-8, or read it with tokens: byte.");
            }
            _bytesDecoded += read;
            _linesDecoded += _bytes.AsSpan(0, read).Count((byte)'\n');
            _bytes.AsSpan(read, _byteCount - read).CopyTo(_bytes);
            _byteCount -= read;
            (_charStart, _charEnd) = (0, written);
            if (written > 0)
                return true;
        }
    }

    private static Stream Open(TextSource source)
    {
        if (source.OpenContent() is { } content)
            return content;
        var path = source.Path!;
        if (Directory.Exists(path))
            throw new InvalidInputException($"{path} is a directory; a file is expected here.");
        try
        {
            return new FileStream(path, new FileStreamOptions { Options = FileOptions.SequentialScan, BufferSize = 0 });
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidInputException($"{path} does not exist.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be opened: {e.Message}", e);
        }
    }
}
