using System.Net;
using System.Net.Sockets;
using DistRnn.Numerics;

namespace DistRnn.Cluster;

/// <summary>Tries a node's address before the actor system does: what that says of a taken port is pages long and goes to the console.</summary>
internal static class ListeningAddress
{
    /// <summary>Listens for a moment.</summary>
    /// <param name="options">The node's options; a port of 0 is any free one and needs no trial.</param>
    /// <exception cref="InvalidInputException">The port is taken, or the address is none of this machine.</exception>
    public static void Try(NodeOptions options)
    {
        if (options.Port == 0)
            return;
        var host = options.Bind.Length > 0 ? options.Bind : options.HostName;
        try
        {
            var address = Find(options);
            using var listener = new TcpListener(address, options.Port);
            listener.Start();
        }
        catch (SocketException exception)
        {
            throw new InvalidInputException(Explain(options.Port, host, exception.SocketErrorCode), exception);
        }
    }

    /// <summary>The address that a node listens on.</summary>
    /// <param name="options">The node's options.</param>
    /// <exception cref="SocketException">No address has the name.</exception>
    public static IPAddress Find(NodeOptions options)
    {
        var host = options.Bind.Length > 0 ? options.Bind : options.HostName;
        if (IPAddress.TryParse(host, out var address))
            return address;
        return Array.Find(Dns.GetHostAddresses(host), address => address.AddressFamily == AddressFamily.InterNetwork) ?? throw new SocketException((int)SocketError.AddressNotAvailable);
    }

    private static string Explain(int port, string host, SocketError error) => error switch
    {
        SocketError.AddressAlreadyInUse => $"Port {port} is taken: another node, or another program, listens there. Give another port, or 0 for a free one.",
        SocketError.AddressNotAvailable or SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData =>
            $"This machine has no address '{host}' to listen on. Give host-name a name of this machine, or bind one of its addresses, such as 0.0.0.0.",
        SocketError.AccessDenied => $"Port {port} may not be listened on by this user; ports from 1024 up may.",
        _ => $"Port {port} of '{host}' cannot be listened on: {error}.",
    };
}
