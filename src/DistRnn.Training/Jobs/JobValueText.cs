using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace DistRnn.Training;

/// <summary>Values as a job file spells them; what <see cref="JobValueReader"/> reads back to the same value.</summary>
internal static partial class JobValueText
{
    /// <summary>The text of a key's value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value, null for its none word.</param>
    public static string Of(JobKey key, object? value) => value is null ? key.NoneWord ?? "none" : Of(value);

    /// <summary>The text of a value.</summary>
    /// <param name="value">A value of one of the kinds of <see cref="ValueKind"/>.</param>
    public static string Of(object value) => value switch
    {
        bool flag => flag ? "true" : "false",
        long whole => whole.ToString(CultureInfo.InvariantCulture),
        ulong whole => whole.ToString(CultureInfo.InvariantCulture),
        double number => Of(number),
        string text => Quote(text),
        ImmutableArray<string> list => $"[{string.Join(", ", list.Select(Quote))}]",
        ImmutableArray<int> list => $"[{string.Join(", ", list.Select(item => item.ToString(CultureInfo.InvariantCulture)))}]",
        SplitPart part => part.IsRows ? ((long)part.Amount).ToString(CultureInfo.InvariantCulture) : Fraction(part.Amount),
        ImmutableSortedDictionary<string, string> map => $"{{{string.Join(", ", map.Select(pair => $"{Quote(pair.Key)}: {Quote(pair.Value)}"))}}}",
        _ => throw new ArgumentException($"A job has no values of type {value.GetType()}.", nameof(value)),
    };

    /// <summary>The shortest text that reads back to the same number.</summary>
    /// <param name="number">The number.</param>
    public static string Of(double number) => number.ToString(Math.Abs(number) is >= 1e-4 and < 1e15 || number == 0 ? "0.#################" : "R", CultureInfo.InvariantCulture) is var plain
        && double.Parse(plain, CultureInfo.InvariantCulture).Equals(number) ? plain : number.ToString("R", CultureInfo.InvariantCulture);

    private static string Fraction(double number) => Of(number) is var text && text.AsSpan().ContainsAny('.', 'E') ? text : text + ".0";

    /// <summary>Text as a YAML scalar: as it is where that is safe inside a flow collection too, in double quotes otherwise.</summary>
    /// <param name="text">The text.</param>
    public static string Quote(string text) =>
        PlainText().IsMatch(text) && !Ambiguous().IsMatch(text) ? text : JsonSerializer.Serialize(text, s_json);

    private static readonly JsonSerializerOptions s_json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [GeneratedRegex(@"\A[A-Za-z0-9_./+][A-Za-z0-9_./+()-]*\z")]
    private static partial Regex PlainText();

    [GeneratedRegex(@"\A(null|true|false|yes|no|on|off|[-+.0-9].*)\z", RegexOptions.IgnoreCase)]
    private static partial Regex Ambiguous();
}
