using System.Globalization;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>How parameters begin: the kind, and its scale where it has one.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Scale">Half the width of uniform, or the deviation of normal; above 0. Not read for others.</param>
public sealed record InitializerSection(InitializerKind Kind = InitializerKind.PyTorch, double Scale = InitializerSection.UniformScale)
{
    private const double UniformScale = 0.1;
    private const double NormalScale = 0.01;

    /// <summary>What <see cref="Parse"/> allows, for messages and help.</summary>
    public const string Allowed = "pytorch, uniform(0.1), normal(0.01), xavier, orthogonal";

    /// <summary>Reads the value of <c>model.initializer</c>.</summary>
    /// <param name="text">One of <see cref="Allowed"/>; uniform and normal without a scale have the scale shown there.</param>
    /// <exception cref="InvalidInputException">It is none of them, or its scale is no number above 0.</exception>
    public static InitializerSection Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var trimmed = text.Trim();
        var open = trimmed.IndexOf('(', StringComparison.Ordinal);
        var (name, scale) = open > 0 && trimmed.EndsWith(')') ? (trimmed[..open].TrimEnd(), trimmed[(open + 1)..^1]) : (trimmed, null);
        return (name, scale) switch
        {
            ("pytorch", null) => new(InitializerKind.PyTorch),
            ("uniform", _) => new(InitializerKind.Uniform, ScaleOf(trimmed, scale, UniformScale)),
            ("normal", _) => new(InitializerKind.Normal, ScaleOf(trimmed, scale, NormalScale)),
            ("xavier", null) => new(InitializerKind.Xavier),
            ("orthogonal", null) => new(InitializerKind.Orthogonal),
            _ => throw new InvalidInputException($"model.initializer is '{trimmed}', which is no initializer; allowed: {Allowed}."),
        };
    }

    /// <summary>The initializer as <see cref="Parse"/> reads it.</summary>
    public override string ToString() => Kind switch
    {
        InitializerKind.Uniform => $"uniform({JobValueText.Of(Scale)})",
        InitializerKind.Normal => $"normal({JobValueText.Of(Scale)})",
        InitializerKind.Xavier => "xavier",
        InitializerKind.Orthogonal => "orthogonal",
        _ => "pytorch",
    };

    private static double ScaleOf(string source, string? text, double otherwise)
    {
        if (text is null)
            return otherwise;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var scale) && scale > 0 && double.IsFinite(scale))
            return scale;
        throw new InvalidInputException($"model.initializer is '{source}', whose scale is '{text}'; allowed is a number above 0.");
    }
}
