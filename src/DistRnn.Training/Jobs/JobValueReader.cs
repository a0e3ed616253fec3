using System.Collections.Immutable;
using System.Globalization;
using DistRnn.Numerics;
using YamlDotNet.RepresentationModel;

namespace DistRnn.Training;

/// <summary>Reads a YAML node as the value of a key, checking its kind and range.</summary>
/// <param name="key">The key.</param>
/// <param name="where">The file and line, argument or variable that the node comes from, for messages.</param>
/// <param name="directory">What relative paths are relative to.</param>
internal sealed class JobValueReader(JobKey key, string where, string directory)
{
    /// <summary>The value.</summary>
    /// <param name="node">The node.</param>
    /// <exception cref="InvalidInputException">It is not what the key allows.</exception>
    public object? Read(YamlNode node)
    {
        if (node is YamlScalarNode scalar && key.NoneWord is not null && string.Equals(scalar.Value, key.NoneWord, StringComparison.Ordinal))
            return null;
        switch (key.Kind)
        {
            case ValueKind.TextList:
                return ImmutableArray.CreateRange(Items(node).Select(item => Choose(Scalar(item), item)));
            case ValueKind.IntegerList:
                return ImmutableArray.CreateRange(Items(node).Select(item => (int)Integer(item)));
            case ValueKind.Map:
                return Map(node);
            case ValueKind.Boolean:
                return Scalar(node) switch { "true" => true, "false" => false, _ => throw Wrong(node) };
            case ValueKind.Integer:
                return Integer(node);
            case ValueKind.Number:
                return Number(node);
            case ValueKind.Choice:
                return Choose(Scalar(node), node);
            case ValueKind.SplitPart:
                return Part(node);
            case ValueKind.Path:
                return Absolute(Scalar(node), node);
            default:
                return Scalar(node);
        }
    }

    private IEnumerable<YamlNode> Items(YamlNode node) => node switch
    {
        YamlSequenceNode sequence => sequence.Children,
        YamlScalarNode => [node],
        _ => throw Wrong(node),
    };

    private string Scalar(YamlNode node) =>
        node is YamlScalarNode { Value: { Length: > 0 } value } ? value : throw Wrong(node);

    private string Choose(string text, YamlNode node)
    {
        if (key.Choices.IsEmpty && key.Kind == ValueKind.TextList || key.Choices.Contains(text, StringComparer.Ordinal))
            return text;
        throw Wrong(node);
    }

    private long Integer(YamlNode node)
    {
        if (!long.TryParse(Scalar(node), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) || !IsInRange(value) || key.Odd && value % 2 == 0)
            throw Wrong(node);
        return key.Kind != ValueKind.IntegerList || value is >= int.MinValue and <= int.MaxValue ? value : throw Wrong(node);
    }

    private double Number(YamlNode node) =>
        double.TryParse(Scalar(node), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) && IsInRange(value) ? value : throw Wrong(node);

    private bool IsInRange(double value) =>
        (key.AboveMin ? value > key.Min : value >= key.Min) && (key.BelowMax ? (float)value < key.Max : value <= key.Max);

    private SplitPart Part(YamlNode node)
    {
        var text = Scalar(node);
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var rows))
            return rows is >= 1 and <= 1L << 52 ? new SplitPart(rows, true) : throw Wrong(node);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var fraction) && fraction is > 0 and <= 1 ? new SplitPart(fraction, false) : throw Wrong(node);
    }

    private ImmutableSortedDictionary<string, string> Map(YamlNode node)
    {
        if (node is not YamlMappingNode mapping)
            throw Wrong(node);
        return mapping.Children.ToImmutableSortedDictionary(pair => Scalar(pair.Key), pair => Scalar(pair.Value), StringComparer.Ordinal);
    }

    private string Absolute(string path, YamlNode node)
    {
        if (path.StartsWith(DataSection.BuiltInPrefix, StringComparison.Ordinal))
            return path;
        return path.Contains('\0', StringComparison.Ordinal) ? throw Wrong(node) : Path.GetFullPath(path, directory);
    }

    private InvalidInputException Wrong(YamlNode node) => new($"{where}: '{key.Path}' is {Describe(node)}; allowed is {key.Allowed}.");

    private static string Describe(YamlNode node) => node switch
    {
        YamlScalarNode { Value: { Length: > 0 } value } => $"'{(value.Length > 100 ? value[..100] + "..." : value)}'",
        YamlSequenceNode { Children.Count: 0 } => "an empty list",
        YamlSequenceNode => "a list",
        YamlMappingNode => "a mapping",
        _ => "empty",
    };
}
