using System.Collections.Immutable;
using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>Turns the time of a row, as its own clock writes it, into inputs: sine and cosine of its place in each cycle.</summary>
internal static class TimeInputs
{
    private const double TwoPi = 6.283185307179586;

    private static readonly string[] s_formats = ["yyyy", "yyyy-MM", "yyyy/MM", "yyyyMMdd", "yyyyMMddHH", "yyyyMMddHHmm", "yyyyMMddHHmmss"];

    /// <summary>Reads a time: ISO 8601 (a zone is not applied), or what the invariant culture reads.</summary>
    public static bool TryParse(string text, out DateTime time)
    {
        if (DateTime.TryParseExact(text, s_formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out time))
            return true;
        var read = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var offset);
        time = offset.DateTime;
        return read && !text.All(char.IsAsciiDigit);
    }

    /// <summary>Writes two values a feature.</summary>
    public static void Write(DateTime time, ImmutableArray<TimeFeature> features, Span<float> values)
    {
        for (var i = 0; i < features.Length; i++)
        {
            var (place, cycle) = PlaceOf(time, features[i]);
            var angle = TwoPi * place / cycle;
            values[2 * i] = (float)ScalarMath.Sin(angle);
            values[2 * i + 1] = (float)ScalarMath.Cos(angle);
        }
    }

    private static (int Place, int Cycle) PlaceOf(DateTime time, TimeFeature feature) => feature switch
    {
        TimeFeature.Minute => (time.Minute, 60),
        TimeFeature.Hour => (time.Hour, 24),
        TimeFeature.Weekday => (((int)time.DayOfWeek + 6) % 7, 7),
        TimeFeature.Day => (time.Day - 1, 31),
        TimeFeature.Yearday => (time.DayOfYear - 1, 366),
        TimeFeature.Month => (time.Month - 1, 12),
        _ => ((time.Month - 1) / 3, 4),
    };
}
