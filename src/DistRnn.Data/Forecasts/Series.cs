using System.Runtime.InteropServices;

namespace DistRnn.Data;

/// <summary>One series in memory: rows of the columns that a job uses, the inputs made of their times, and which rows belong to which part.</summary>
internal sealed class Series(string name, int columns, int timeValues)
{
    private readonly List<float> _values = [];
    private readonly List<float> _times = [];

    public string Name => name;

    /// <summary>Rows read so far.</summary>
    public int Rows { get; private set; }

    /// <summary>The rows of each part that this series has: [Start, End).</summary>
    public Dictionary<PartKind, (int Start, int End)> Parts { get; } = [];

    /// <summary>Original values, [Rows, columns].</summary>
    public ReadOnlySpan<float> Values => CollectionsMarshal.AsSpan(_values);

    /// <summary>Inputs made of the times, [Rows, timeValues].</summary>
    public ReadOnlySpan<float> Times => CollectionsMarshal.AsSpan(_times);

    /// <summary>The original values of consecutive rows, [count, columns].</summary>
    public ReadOnlySpan<float> RowsOf(int start, int count) => Values.Slice(start * columns, count * columns);

    public float this[int row, int column] => Values[row * columns + column];

    public void Add(ReadOnlySpan<float> values, ReadOnlySpan<float> times)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, columns, nameof(values));
        ArgumentOutOfRangeException.ThrowIfNotEqual(times.Length, timeValues, nameof(times));
        _values.AddRange(values);
        _times.AddRange(times);
        Rows++;
    }
}

/// <summary>All series of a job by name, in the order first seen.</summary>
internal sealed class SeriesTable(string[] columns, int timeValues)
{
    /// <summary>The name of the only series of a CSV file.</summary>
    public const string Only = "all";

    private readonly Dictionary<string, Series> _byName = new(StringComparer.Ordinal);

    /// <summary>The columns that are kept, in their order in <see cref="Series.Values"/>.</summary>
    public string[] Columns => columns;

    /// <summary>Inputs a row that are made of its time.</summary>
    public int TimeValues => timeValues;

    public List<Series> All { get; } = [];

    public Series? Find(string name) => _byName.GetValueOrDefault(name);

    public Series GetOrAdd(string name)
    {
        if (_byName.TryGetValue(name, out var series))
            return series;
        series = new Series(name, columns.Length, timeValues);
        _byName.Add(name, series);
        All.Add(series);
        return series;
    }
}
