using System.Net;
using System.Net.Sockets;

namespace DistRnn.Cluster.Tests;

/// <summary>Ports of the loopback interface that nobody uses.</summary>
internal static class FreePort
{
    /// <summary>Distinct free ports. The system hands ports out in turn, so that another process hardly gets one of them soon.</summary>
    public static int[] Take(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        foreach (var listener in listeners)
            listener.Start();
        var ports = listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        foreach (var listener in listeners)
            listener.Stop();
        return ports;
    }
}
