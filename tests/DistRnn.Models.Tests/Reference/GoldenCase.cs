using System.Globalization;
using System.Text.Json;

namespace DistRnn.Models.Tests;

/// <summary>
/// One case of Golden/: what PyTorch computed in float64. Tensors are flattened row by row; x is [T, B, I], states are [layers * directions, B, H].
/// </summary>
internal sealed class GoldenCase
{
    private readonly JsonElement _config;
    private readonly JsonElement _root;

    private GoldenCase(string name, JsonElement root)
    {
        (Name, _root, _config) = (name, root, root.GetProperty("config"));
        Parameters = Tensors("params");
        Inputs = Tensors("inputs");
        Outputs = Tensors("outputs");
        Gradients = Tensors("grads");
    }

    public string Name { get; }

    public Dictionary<string, double[]> Parameters { get; }

    public Dictionary<string, double[]> Inputs { get; }

    public Dictionary<string, double[]> Outputs { get; }

    public Dictionary<string, double[]> Gradients { get; }

    public double Loss => _root.GetProperty("loss").GetDouble();

    public static IEnumerable<string> Names(string pattern) =>
        Directory.EnumerateFiles(Folder, pattern).Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal);

    public static GoldenCase Read(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, name + ".json")));
        return new GoldenCase(name, document.RootElement.Clone());
    }

    public int Integer(string key) => _config.GetProperty(key).GetInt32();

    public double Number(string key) => _config.GetProperty(key).GetDouble();

    public string Text(string key) => _config.GetProperty(key).GetString()!;

    public bool Has(string key) => _config.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.False;

    /// <summary>A tensor or a dictionary of tensors beside the usual ones.</summary>
    public double[] Extra(string key) => Flatten(_root.GetProperty(key));

    public Dictionary<string, double[]> Tensors(string key) =>
        _root.GetProperty(key).EnumerateObject().ToDictionary(tensor => tensor.Name, tensor => Flatten(tensor.Value), StringComparer.Ordinal);

    /// <summary>Fails unless every element of every expected tensor is met, relative to the largest value of its tensor or to the floor, whichever is more.</summary>
    public static void AssertClose(IReadOnlyDictionary<string, double[]> expected, IReadOnlyDictionary<string, double[]> actual, double tolerance, double floor = 0)
    {
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, values) in expected)
            AssertClose(name, values, actual[name], tolerance, floor);
    }

    public static void AssertClose(string name, IReadOnlyList<double> expected, IReadOnlyList<double> actual, double tolerance, double floor = 0)
    {
        Assert.Equal(expected.Count, actual.Count);
        var largest = expected.Select(Math.Abs).Append(floor).Max();
        for (var i = 0; i < expected.Count; i++)
        {
            if (!(Math.Abs(expected[i] - actual[i]) <= tolerance * largest))
                Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"{name}[{i}] is {actual[i]:R}, not {expected[i]:R}; the largest value is {largest:R}, the tolerance {tolerance} of it."));
        }
    }

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Golden");

    private static double[] Flatten(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().SelectMany(Flatten)] : [value.GetDouble()];
}
