using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using DistRnn.Cluster;
using DistRnn.Numerics;

namespace DistRnn.Cli;

/// <summary>
/// How fast floats reach another's memory: inside the process by a copy, over loopback by the data plane, and by a plain loop over a socket beside it,
/// which is the ceiling. Frames of 4 MiB, one connection; the ways take turns, and the median of each counts.
/// </summary>
internal static unsafe class DataPlaneBenchmark
{
    private const int FrameFloats = 1 << 20;
    private const long FrameBytes = FrameFloats * sizeof(float);

    /// <summary>Measures.</summary>
    /// <param name="quick">Whether a short measurement will do.</param>
    internal static IReadOnlyList<DataPlaneFigures> Run(bool quick)
    {
        var (frames, rounds) = quick ? (16, 5) : (64, 9);
        using var source = new FloatBuffer(FrameFloats);
        source.Span.Fill(0.5f);
        using var destination = new FloatBuffer(FrameFloats);
        using var plain = new PlainLoop(source, destination);
        var arrivals = new Arrivals(destination);
        using var sending = new TcpDataPlane(new TcpDataPlaneOptions { Name = "a" }, new Arrivals(destination));
        using var receiving = new TcpDataPlane(new TcpDataPlaneOptions { Name = "b" }, arrivals);
        sending.AddPeer("b", IPAddress.Loopback.ToString(), receiving.EndPoint.Port);
        var network = new InProcessNetwork();
        using var near = new InProcessDataPlane(network, "a", new Arrivals(destination));
        using var far = new InProcessDataPlane(network, "b", arrivals);
        var rates = new List<double>[] { [], [], [] };
        for (var round = -2; round < rounds; round++)
        {
            double[] seconds = [Seconds(() => plain.Send(frames)), Seconds(() => Send(sending, arrivals, source, frames)), Seconds(() => Send(near, arrivals, source, frames))];
            for (var path = 0; round >= 0 && path < rates.Length; path++)
                rates[path].Add(frames * FrameBytes / seconds[path] / 1e6);
        }
        var (loopback, tcp, inProcess) = (Median(rates[0]), Median(rates[1]), Median(rates[2]));
        return [new("in-process", inProcess, inProcess / loopback), new("tcp", tcp, tcp / loopback), new("loopback", loopback, 1)];
    }

    private static void Send(IDataPlane plane, Arrivals arrivals, FloatBuffer source, int frames)
    {
        arrivals.Expect(frames);
        for (var i = 0; i < frames; i++)
        {
            var lease = plane.Buffers.TryCover((nint)source.Pointer, FrameBytes, 0, null) ?? throw new InvalidOperationException("No lease is left for a frame without a prefix.");
            var reason = plane.Send("b", new DataHeader { Kind = DataKind.Parameters }, lease);
            if (reason != RefusalReason.None)
                throw new InvalidOperationException(RefusalReasons.SentenceOf(reason));
        }
        arrivals.Wait();
    }

    private static double Seconds(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    /// <summary>Has every payload put into the same floats and counts them.</summary>
    private sealed class Arrivals(FloatBuffer floats) : IDataPlaneReceiver
    {
        private readonly object _lock = new();
        private int _left;
        private RefusalReason _reason;

        public void Expect(int frames)
        {
            lock (_lock)
                _left = frames;
        }

        public void Wait()
        {
            lock (_lock)
            {
                while (_left > 0)
                    Monitor.Wait(_lock);
                if (_reason != RefusalReason.None)
                    throw new InvalidOperationException(RefusalReasons.SentenceOf(_reason));
            }
        }

        public DataDestination Accept(string peer, in DataHeader header, ReadOnlySpan<byte> prefix) => DataDestination.Into(floats, 0, floats.Count);

        public void Complete(in DataArrival arrival) => Count(1, RefusalReason.None);

        public void Failed(string peer, in DataHeader header, in DataDestination destination, RefusalReason reason) => Count(0, reason);

        public void Refused(string peer, in DataHeader header, RefusalReason reason) => Count(0, reason);

        private void Count(int frames, RefusalReason reason)
        {
            lock (_lock)
            {
                _left -= frames;
                if (reason != RefusalReason.None)
                    (_left, _reason) = (0, reason);
                if (_left <= 0)
                    Monitor.PulseAll(_lock);
            }
        }
    }

    /// <summary>The least there is: one thread writes floats to a socket, another reads them from it.</summary>
    private sealed class PlainLoop : IDisposable
    {
        private readonly FloatBuffer _source;
        private readonly Socket _sender;
        private readonly Socket _receiver;
        private readonly Thread _thread;
        private readonly SemaphoreSlim _arrived = new(0);

        internal PlainLoop(FloatBuffer source, FloatBuffer destination)
        {
            _source = source;
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(1);
            _sender = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            _sender.Connect(listener.LocalEndPoint!);
            _receiver = listener.Accept();
            _thread = new Thread(() => Receive(destination)) { IsBackground = true };
            _thread.Start();
        }

        public void Dispose()
        {
            _sender.Dispose();
            _thread.Join();
            _receiver.Dispose();
            _arrived.Dispose();
        }

        internal void Send(int frames)
        {
            for (var i = 0; i < frames; i++)
            {
                for (var bytes = new ReadOnlySpan<byte>(_source.Pointer, (int)FrameBytes); bytes.Length > 0;)
                    bytes = bytes[_sender.Send(bytes)..];
            }
            for (var i = 0; i < frames; i++)
                _arrived.Wait();
        }

        private void Receive(FloatBuffer destination)
        {
            while (true)
            {
                for (var bytes = new Span<byte>(destination.Pointer, (int)FrameBytes); bytes.Length > 0;)
                {
                    var count = _receiver.Receive(bytes);
                    if (count == 0)
                        return;
                    bytes = bytes[count..];
                }
                _arrived.Release();
            }
        }
    }
}
