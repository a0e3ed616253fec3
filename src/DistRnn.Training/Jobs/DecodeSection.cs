using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>How a translation job finds targets.</summary>
/// <param name="Beam">Hypotheses that go on at a time, 1 to 1000; 1 takes the most probable token of every step.</param>
public sealed record DecodeSection(int Beam = 1)
{
    /// <summary>What <see cref="Parse"/> allows, for messages and help.</summary>
    public const string Allowed = "greedy or beam(5)";

    /// <summary>Reads the value of <c>model.decode</c>.</summary>
    /// <param name="text">greedy, or beam with the number of hypotheses.</param>
    /// <exception cref="InvalidInputException">It is neither.</exception>
    public static DecodeSection Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var trimmed = text.Trim();
        if (trimmed == "greedy")
            return new DecodeSection();
        if (trimmed == "beam")
            return new DecodeSection(5);
        if (trimmed.StartsWith("beam(", StringComparison.Ordinal) && trimmed.EndsWith(')')
            && int.TryParse(trimmed.AsSpan(5, trimmed.Length - 6), NumberStyles.None, CultureInfo.InvariantCulture, out var beam) && beam is >= 1 and <= 1000)
            return new DecodeSection(beam);
        throw new InvalidInputException($"model.decode is '{trimmed}'; allowed is {Allowed}, with 1 to 1000 hypotheses.");
    }

    /// <summary>The value as <see cref="Parse"/> reads it.</summary>
    public override string ToString() => Beam == 1 ? "greedy" : string.Create(CultureInfo.InvariantCulture, $"beam({Beam})");
}
