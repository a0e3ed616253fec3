using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>Lines of a UTF-8 source, without their ends (LF or CR LF) and without a byte order mark before the first.</summary>
internal sealed class LineReader(TextSource source, IProgress<DataProgress>? progress = null) : IDisposable
{
    /// <summary>The longest line in characters: enough for any sequence, short enough to notice a file of one endless line.</summary>
    public const int MaxLineChars = 1 << 26;

    private readonly SourceReader _reader = new(source, progress);
    private char[] _line = new char[1024];

    /// <summary>The number of the line read last, from 1.</summary>
    public long Line { get; private set; }

    /// <summary>The next line, or false at the end. It is valid until the next call.</summary>
    public bool TryRead(out ReadOnlySpan<char> line)
    {
        var length = 0;
        int c;
        while ((c = _reader.Read()) >= 0 && c != '\n')
        {
            if (length == _line.Length)
                Array.Resize(ref _line, Grown(length));
            _line[length++] = (char)c;
        }
        line = [];
        if (c < 0 && length == 0)
            return false;
        Line++;
        if (length > 0 && _line[length - 1] == '\r')
            length--;
        line = _line.AsSpan(0, length);
        if (Line == 1 && length > 0 && line[0] == '\ufeff')
            line = line[1..];
        return true;
    }

    /// <summary>An error at the line read last.</summary>
    public InvalidInputException Error(string reason) => new(string.Create(CultureInfo.InvariantCulture, $"{source.Name}, line {Line}: {reason}."));

    /// <inheritdoc cref="SourceReader.Finish"/>
    public SourceFile Finish() => _reader.Finish();

    public void Dispose() => _reader.Dispose();

    private int Grown(int length)
    {
        if (length < MaxLineChars)
            return length * 2;
        Line++;
        throw Error($"the line is longer than {MaxLineChars} characters; is this file in the right format?");
    }
}
