using System.Collections.Concurrent;
using DistRnn.Protocol;
using DistRnn.Training;

namespace DistRnn.Cluster.Tests;

/// <summary>A coordinator of <c>train --local processes</c> in this process, with the lines that it is told and says.</summary>
internal sealed class OneCoordinator : IAsyncDisposable
{
    private readonly Said _said = new();
    private readonly Told _told;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _node;

    public OneCoordinator(CoordinatorOrder order)
    {
        Seed = new SeedNode("127.0.0.1", FreePort.Take(1)[0]);
        _told = new Told(order.ToLine());
        var options = new NodeOptions { Roles = NodeRoles.Coordinator, HostName = "127.0.0.1", Port = Seed.Port, SeedNodes = [Seed], Failover = FailoverProfile.Fast };
        _node = CoordinatorNode.RunAsync(options, _told, _said, _ => { }, () => { }, _ending.Token);
    }

    public SeedNode Seed { get; }

    /// <summary>Waits for the run's end.</summary>
    /// <param name="hear">Told what is said until then.</param>
    public RunSummary WaitForEnd(Action<CoordinatorSaying> hear, CancellationToken cancellation)
    {
        while (true)
        {
            var saying = CoordinatorSaying.Parse(_said.Lines.Take(cancellation))!;
            hear(saying);
            if (saying.Kind == SayingKind.Failed)
                throw new InvalidOperationException(saying.Text);
            if (saying.Kind == SayingKind.Ended)
                return saying.Summary!;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _node;
        _told.Dispose();
        _said.Dispose();
        _ending.Dispose();
    }

    /// <summary>One line, and then nothing until the end.</summary>
    private sealed class Told(string line) : TextReader
    {
        private readonly ManualResetEventSlim _ended = new();

        public override ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken) => new(line);

        public override string? ReadLine()
        {
            _ended.Wait();
            return null;
        }

        protected override void Dispose(bool disposing)
        {
            _ended.Set();
            base.Dispose(disposing);
        }
    }

    private sealed class Said : StringWriter
    {
        public BlockingCollection<string> Lines { get; } = [];

        public override void WriteLine(string? value) => Lines.Add(value!);
    }
}
