using System.Globalization;

namespace DistRnn.Cli;

/// <summary>Numbers as people read them, in the invariant culture.</summary>
internal static class Figures
{
    /// <summary>A metric with four significant digits: 0.01235, 17.62, 1,024.</summary>
    internal static string Metric(double value) => double.IsFinite(value)
        ? Math.Abs(value) switch
        {
            0 => "0",
            < 1e-4 => value.ToString("0.###e+0", CultureInfo.InvariantCulture),
            < 1000 => Fixed(value),
            _ => value.ToString("#,0", CultureInfo.InvariantCulture),
        }
        : "-";

    /// <summary>A count with separators: 12,345.</summary>
    internal static string Count(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>A rate: 950, 12.3 k, 4.56 M.</summary>
    internal static string Rate(double value) => value switch
    {
        >= 1e6 => (value / 1e6).ToString("0.00", CultureInfo.InvariantCulture) + " M",
        >= 1e4 => (value / 1e3).ToString("0.0", CultureInfo.InvariantCulture) + " k",
        _ => value.ToString("0", CultureInfo.InvariantCulture),
    };

    /// <summary>A duration: 0.4 s, 12 s, 3 min 05 s, 2 h 07 min.</summary>
    internal static string Seconds(double seconds)
    {
        if (!double.IsFinite(seconds))
            return "-";
        if (seconds < 9.95)
            return seconds.ToString("0.0", CultureInfo.InvariantCulture) + " s";
        var whole = (long)Math.Round(seconds);
        return whole switch
        {
            < 60 => string.Create(CultureInfo.InvariantCulture, $"{whole} s"),
            < 3600 => string.Create(CultureInfo.InvariantCulture, $"{whole / 60} min {whole % 60:00} s"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{whole / 3600} h {whole % 3600 / 60:00} min"),
        };
    }

    /// <summary>Bytes: 812 B, 12.3 KB, 4.56 MB, 1.20 GB (powers of 1,000).</summary>
    internal static string Bytes(long bytes) => bytes switch
    {
        >= 1_000_000_000 => (bytes / 1e9).ToString("0.00", CultureInfo.InvariantCulture) + " GB",
        >= 1_000_000 => (bytes / 1e6).ToString("0.0", CultureInfo.InvariantCulture) + " MB",
        >= 1_000 => (bytes / 1e3).ToString("0.0", CultureInfo.InvariantCulture) + " KB",
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
    };

    private static string Fixed(double value)
    {
        var decimals = 3 - (int)Math.Floor(Math.Log10(Math.Abs(value)));
        return value.ToString("F" + Math.Clamp(decimals, 1, 7).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }
}
