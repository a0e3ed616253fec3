using System.Globalization;
using System.Text.Json;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>A mean and a deviation a column; a scaled value is (value - mean) / deviation, computed in double and rounded once.</summary>
internal sealed record ColumnScales(double[] Means, double[] Deviations)
{
    public int Columns => Means.Length;

    /// <summary>Scales that change nothing.</summary>
    public static ColumnScales Identity(int columns) => new(new double[columns], [.. Enumerable.Repeat(1.0, columns)]);

    public float Scale(float value, int column) => (float)((value - Means[column]) / Deviations[column]);

    public float Unscale(float value, int column) => (float)(value * Deviations[column] + Means[column]);

    /// <summary>Scales rows in place.</summary>
    /// <param name="values">[rows, Columns].</param>
    public void Apply(Span<float> values)
    {
        for (var i = 0; i < values.Length; i++)
            values[i] = Scale(values[i], i % Columns);
    }
}

/// <summary>
/// Means and deviations of columns, in two passes over the same values in the same order: sums in double, ascending. The deviation is that of the
/// population. A column whose deviation is below a ten-millionth of its largest value is constant, and is only centred.
/// </summary>
internal sealed class ScaleFitter(int columns)
{
    private readonly double[] _sums = new double[columns];
    private readonly double[] _squares = new double[columns];
    private readonly double[] _largest = new double[columns];
    private double[]? _means;
    private long _rows;

    /// <summary>Adds rows to the first pass.</summary>
    /// <param name="values">[rows, columns].</param>
    public void AddToMean(ReadOnlySpan<float> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            _sums[i % columns] += values[i];
            _largest[i % columns] = Math.Max(_largest[i % columns], Math.Abs(values[i]));
        }
        _rows += values.Length / columns;
    }

    /// <summary>Adds the same rows to the second pass.</summary>
    /// <param name="values">[rows, columns].</param>
    public void AddToDeviation(ReadOnlySpan<float> values)
    {
        _means ??= Means();
        for (var i = 0; i < values.Length; i++)
        {
            var difference = values[i] - _means[i % columns];
            _squares[i % columns] += difference * difference;
        }
    }

    public ColumnScales Fit()
    {
        _means ??= Means();
        var deviations = new double[columns];
        for (var column = 0; column < columns; column++)
        {
            var deviation = _rows == 0 ? 0 : Math.Sqrt(_squares[column] / _rows);
            deviations[column] = deviation <= 1e-7 * _largest[column] ? 1 : deviation;
        }
        return new ColumnScales(_means, deviations);
    }

    /// <summary>The scales of one block of rows.</summary>
    public static ColumnScales Of(ReadOnlySpan<float> values, int columns)
    {
        var fitter = new ScaleFitter(columns);
        fitter.AddToMean(values);
        fitter.AddToDeviation(values);
        return fitter.Fit();
    }

    private double[] Means() => [.. _sums.Select(sum => _rows == 0 ? 0 : sum / _rows)];
}

/// <summary>Scales as a file: JSON with numbers that read back to the same bits.</summary>
internal static class ScaleFile
{
    /// <summary>Writes <c>{"normalize", "columns": [names], "scales": {name: {"mean": [...], "deviation": [...]}}}</c>; outside series, the only name is "all".</summary>
    public static void Write(string path, NormalizeKind kind, IEnumerable<string> columns, IEnumerable<KeyValuePair<string, ColumnScales>> scales)
    {
        using var stream = new FileStream(path, FileMode.Create);
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("normalize", kind.ToString().ToLowerInvariant());
        json.WriteStartArray("columns");
        foreach (var column in columns)
            json.WriteStringValue(column);
        json.WriteEndArray();
        json.WriteStartObject("scales");
        foreach (var (name, scale) in scales)
        {
            json.WriteStartObject(name);
            Write(json, "mean", scale.Means);
            Write(json, "deviation", scale.Deviations);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Reads the file.</summary>
    /// <exception cref="InvalidInputException">It is missing or not what <see cref="Write(string, NormalizeKind, IEnumerable{string}, IEnumerable{KeyValuePair{string, ColumnScales}})"/> writes.</exception>
    public static (NormalizeKind Kind, string[] Columns, Dictionary<string, ColumnScales> Scales) Read(string path)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = json.RootElement;
            var kind = Enum.Parse<NormalizeKind>(root.GetProperty("normalize").GetString() ?? "", ignoreCase: true);
            string[] columns = [.. root.GetProperty("columns").EnumerateArray().Select(column => column.GetString() ?? "")];
            var scales = new Dictionary<string, ColumnScales>(StringComparer.Ordinal);
            foreach (var property in root.GetProperty("scales").EnumerateObject())
                scales[property.Name] = new ColumnScales(Numbers(property.Value.GetProperty("mean"), columns.Length), Numbers(property.Value.GetProperty("deviation"), columns.Length));
            return (kind, columns, scales);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidInputException($"{path} does not exist.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be read: {e.Message}", e);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException or FormatException)
        {
            throw new InvalidInputException($"{path} is not the scales of a trained model: {e.Message}", e);
        }
    }

    private static void Write(Utf8JsonWriter json, string name, double[] numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private static double[] Numbers(JsonElement list, int count)
    {
        double[] numbers = [.. list.EnumerateArray().Select(number => number.GetDouble())];
        return numbers.Length == count
            ? numbers
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"there are {numbers.Length} numbers for {count} columns."));
    }
}
