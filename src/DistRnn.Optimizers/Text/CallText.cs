using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Optimizers;

/// <summary>The form that job values such as "adam(0.9,0.999)" and "warmup(100, decay(0.5, after-epoch 4))" share: a name, and arguments in brackets.</summary>
/// <param name="Key">The job key that the text is the value of, for messages.</param>
/// <param name="Source">The whole text, for messages.</param>
/// <param name="Name">What stands before the bracket, trimmed.</param>
/// <param name="Arguments">What stands between the commas of the outermost bracket, trimmed; empty without a bracket.</param>
internal sealed record CallText(string Key, string Source, string Name, IReadOnlyList<string> Arguments)
{
    public static CallText Parse(string key, string text, string allowed)
    {
        ArgumentNullException.ThrowIfNull(text);
        var source = text.Trim();
        var open = source.IndexOf('(', StringComparison.Ordinal);
        if (open < 0)
            return new CallText(key, source, source, []);
        var arguments = new List<string>();
        var (depth, start, end) = (0, open + 1, -1);
        for (var i = open; i < source.Length && end < 0; i++)
        {
            depth += source[i] switch { '(' => 1, ')' => -1, _ => 0 };
            if (depth == 0 || (depth == 1 && source[i] == ','))
            {
                arguments.Add(source[start..i].Trim());
                start = i + 1;
            }
            if (depth == 0)
                end = i;
        }
        if (end != source.Length - 1)
            throw new InvalidInputException($"{key} is '{source}', whose brackets do not match; allowed: {allowed}.");
        return new CallText(key, source, source[..open].Trim(), arguments is [""] ? [] : arguments);
    }

    /// <summary>A number that fulfils a condition.</summary>
    /// <param name="text">One of the arguments, or what is left of one.</param>
    /// <param name="what">What the number is, for the message.</param>
    /// <param name="isAllowed">The condition.</param>
    /// <param name="range">The condition in words.</param>
    public double Number(string text, string what, Func<double, bool> isAllowed, string range)
    {
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) && isAllowed(value))
            return value;
        throw new InvalidInputException($"{Key} is '{Source}': {what} is '{text}'; allowed is {range}.");
    }

    /// <summary>A count of at least 1.</summary>
    /// <param name="text">One of the arguments, or what is left of one.</param>
    /// <param name="what">What is counted, for the message.</param>
    public int Count(string text, string what)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= 1)
            return value;
        throw new InvalidInputException($"{Key} is '{Source}': {what} is '{text}'; allowed is a whole number from 1.");
    }

    /// <summary>The shortest text that reads back as the same number: 0.999, 1e-8.</summary>
    public static string Of(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        var exponent = text.IndexOf('E', StringComparison.Ordinal);
        return exponent < 0 ? text : text[..exponent] + "e" + int.Parse(text[(exponent + 1)..], CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
    }
}
