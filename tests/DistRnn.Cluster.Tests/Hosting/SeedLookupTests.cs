using System.Net;
using System.Net.Sockets;
using Xunit;

namespace DistRnn.Cluster.Tests;

public sealed class SeedLookupTests
{
    [Fact]
    public async Task WaitAsync_NameThatResolvesLater_IsLookedUpAgain()
    {
        var (asked, pauses, reports) = (0, new List<TimeSpan>(), new List<string>());
        var lookup = new SeedLookup(
            (_, _) => ++asked < 4 ? throw new SocketException((int)SocketError.HostNotFound) : Task.FromResult<IPAddress[]>([IPAddress.Loopback]),
            (pause, _) =>
            {
                pauses.Add(pause);
                return Task.CompletedTask;
            });
        await lookup.WaitAsync([new SeedNode("coordinator-1", 4053)], reports.Add, TestContext.Current.CancellationToken);
        Assert.Equal(4, asked);
        Assert.Equal([500, 1000, 2000], pauses.Select(pause => pause.TotalMilliseconds));
        Assert.Contains("'coordinator-1'", Assert.Single(reports), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WaitAsync_OneOfSeveralResolves_IsEnough()
    {
        var lookup = new SeedLookup(
            (host, _) => host == "b" ? Task.FromResult<IPAddress[]>([IPAddress.Loopback]) : throw new SocketException((int)SocketError.HostNotFound),
            (_, _) => throw new InvalidOperationException("There is nothing to wait for."));
        await lookup.WaitAsync([new SeedNode("a", 1), new SeedNode("b", 1)], _ => { }, TestContext.Current.CancellationToken);
    }
}
