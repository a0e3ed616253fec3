using System.Globalization;
using CsvHelper;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>The rows of a CSV source (RFC 4180: commas, double quotes), blank lines left out. Every error says file, line and column.</summary>
internal sealed class CsvRows : IDisposable
{
    /// <summary>The longest row in bytes: enough for a wide panel's series, short enough to notice a file of one endless line.</summary>
    public const int MaxRowBytes = 1 << 26;

    private static readonly CsvReaderOptions s_options = new()
    {
        Separator = ',',
        HasHeader = false,
        TrimWhitespace = true,
        TrimInsideQuotes = true,
        MaxRecordSize = MaxRowBytes,
        TrackLineNumbers = true,
        MalformedData = CsvMalformedDataHandling.Throw,
        FormatProvider = CultureInfo.InvariantCulture,
    };

    private readonly TextSource _source;
    private readonly SourceReader _reader;
    private readonly CsvReader _rows;

    public CsvRows(TextSource source, IProgress<DataProgress>? progress = null)
    {
        _source = source;
        _reader = new SourceReader(source, progress);
        if (_reader.Peek() == '\ufeff')
            _reader.Read();
        _rows = CsvReader.Create(_reader, s_options, leaveOpen: true);
    }

    /// <summary>Cells of the row read last.</summary>
    public int Count => _rows.FieldCount;

    /// <summary>The line in which the row read last begins, from 1.</summary>
    public long Line => _rows.LineNumber;

    /// <summary>A cell of the row read last, without blanks around it.</summary>
    public string this[int cell] => _rows.GetString(cell);

    /// <summary>Whether a cell of the row read last has nothing in it.</summary>
    public bool IsEmpty(int cell) => _rows.GetSpan(cell).IsEmpty;

    /// <summary>Reads the next row, or says that there is none.</summary>
    public bool Read()
    {
        try
        {
            return _rows.Read();
        }
        catch (CsvFormatException e)
        {
            throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"{_source.Name}, line {Math.Max(1, e.LineNumber)}: this is not CSV: {e.Message}"), e);
        }
    }

    /// <summary>A cell as a finite number.</summary>
    /// <param name="cell">Which cell.</param>
    /// <param name="column">What messages call its column.</param>
    public float Number(int cell, string column)
    {
        var text = _rows.GetSpan(cell);
        if (text.IsEmpty)
            throw Error($"column {column} is empty; a number is expected");
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            throw Error($"column {column} has \"{Shorten(this[cell])}\"; a number is expected");
        if (!float.IsFinite((float)number))
            throw Error($"column {column} has \"{Shorten(this[cell])}\"; a finite number is expected");
        return (float)number;
    }

    /// <summary>An error at the row read last.</summary>
    public InvalidInputException Error(string reason) => new(string.Create(CultureInfo.InvariantCulture, $"{_source.Name}, line {Line}: {reason}."));

    /// <inheritdoc cref="SourceReader.Finish"/>
    public SourceFile Finish() => _reader.Finish();

    public void Dispose()
    {
        _rows.Dispose();
        _reader.Dispose();
    }

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "...";
}
