using System.Diagnostics;

namespace DistRnn.Cli;

/// <summary>Medians of many runs of the same thing, after runs that let the compiler finish and the memory settle.</summary>
internal static class Timing
{
    private const int WarmUps = 5;

    /// <summary>The median time of an action, in seconds.</summary>
    /// <param name="action">What to time.</param>
    /// <param name="secondsMax">About how long to go on.</param>
    /// <param name="runsMin">How many runs there are at least.</param>
    internal static double MedianSeconds(Action action, double secondsMax, int runsMin = 7)
    {
        for (var i = 0; i < WarmUps; i++)
            action();
        var times = new List<double>();
        var begun = Stopwatch.GetTimestamp();
        while (times.Count < runsMin || (times.Count < 1000 && Stopwatch.GetElapsedTime(begun).TotalSeconds < secondsMax))
        {
            var start = Stopwatch.GetTimestamp();
            action();
            times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        times.Sort();
        return times[times.Count / 2];
    }
}
