using System.Net;
using System.Net.Sockets;

namespace DistRnn.Cluster;

/// <summary>
/// Looks the names of seed nodes up until one resolves. In containers a name exists only once its container does, and what Akka says of a name that
/// does not resolve yet is no help.
/// </summary>
/// <param name="resolve">Resolves a name; throws a <see cref="SocketException"/> where it cannot.</param>
/// <param name="pause">Waits between two rounds.</param>
internal sealed class SeedLookup(Func<string, CancellationToken, Task<IPAddress[]>> resolve, Func<TimeSpan, CancellationToken, Task> pause)
{
    private static readonly TimeSpan s_pauseMax = TimeSpan.FromSeconds(5);

    /// <summary>The real one.</summary>
    public static SeedLookup OfSystem { get; } = new(Dns.GetHostAddressesAsync, Task.Delay);

    /// <summary>Returns when the name of at least one seed resolves; with rounds half a second apart at first and five in the end.</summary>
    /// <param name="seeds">The seeds.</param>
    /// <param name="report">Told, once for each name, that it does not resolve yet.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task WaitAsync(IReadOnlyList<SeedNode> seeds, Action<string> report, CancellationToken cancellation)
    {
        var reported = new HashSet<string>(StringComparer.Ordinal);
        for (var wait = TimeSpan.FromMilliseconds(500); ; wait = TimeSpan.FromTicks(Math.Min(s_pauseMax.Ticks, wait.Ticks * 2)))
        {
            foreach (var host in seeds.Select(seed => seed.Host).Distinct(StringComparer.Ordinal))
            {
                if (await ResolvesAsync(host, cancellation).ConfigureAwait(false))
                    return;
                if (reported.Add(host))
                    report($"The name '{host}' of seed-nodes does not resolve yet; it is looked up again until it does.");
            }
            await pause(wait, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<bool> ResolvesAsync(string host, CancellationToken cancellation)
    {
        try
        {
            return (await resolve(host, cancellation).ConfigureAwait(false)).Length > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
