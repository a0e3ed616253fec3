using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>What a report says about the machine and the program; nothing here reaches a parameter.</summary>
public static class MachineFacts
{
    /// <summary>The program and the runtime with their versions, such as <c>distrnn 0.1.0, .NET 10.0.0, Ubuntu 24.04</c>.</summary>
    public static string Software { get; } =
        $"distrnn {Assembly.GetExecutingAssembly().GetName().Version?.ToString(3)}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}";

    /// <summary>The processor's name, its logical cores and the vector width used.</summary>
    public static string Processor => $"{ProcessorName()}, {Environment.ProcessorCount} cores, {SimdWidths.Current} ({RuntimeInformation.ProcessArchitecture})";

    /// <summary>The most memory this process has had resident, in bytes (VmHWM on Linux); 0 where the system does not tell.</summary>
    public static long PeakMemoryBytes
    {
        get
        {
            if (OperatingSystem.IsLinux() && LineOf("/proc/self/status", "VmHWM:") is { } line)
            {
                var digits = line.Where(char.IsAsciiDigit).ToArray();
                if (long.TryParse(digits, System.Globalization.CultureInfo.InvariantCulture, out var kilobytes))
                    return kilobytes * 1024;
            }
            using var process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64;
        }
    }

    private static string ProcessorName() =>
        LineOf("/proc/cpuinfo", "model name") is { } line ? line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() : "unknown processor";

    private static string? LineOf(string file, string start)
    {
        try
        {
            return File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal)) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
