using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using DistRnn.Numerics;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>
/// The processes of a run on this machine, and what its coordinators say of it. A worker or parameter server that dies is replaced, and of three coordinators one that does;
/// whoever was in charge before is ended when another one is, so that a process which was only stopped cannot come back to write.
/// </summary>
internal sealed class LocalProcesses : IAsyncDisposable
{
    private const int ReplacementsMax = 32;

    // With this a command says that what it was given cannot be used; it has said why.
    private const int RefusedStatus = 2;

    private readonly ChildProgram _program;
    private readonly CoordinatorOrder _order;
    private readonly JobOptions _job;
    private readonly ITrainingProgress _progress;
    private readonly CancellationToken _cancellation;
    private readonly BlockingCollection<Func<RunSummary?>> _happened = new(4096);
    private readonly List<Coordinator> _coordinators = [];
    private readonly List<ChildNode> _others = [];
    private int _replaced;
    private Coordinator? _inCharge;
    private bool _isStopping;

    /// <summary>Takes what is to be run.</summary>
    /// <param name="program">How this program is started again.</param>
    /// <param name="order">What the coordinators are told.</param>
    /// <param name="job">The job.</param>
    /// <param name="progress">Who watches; called on the thread of <see cref="Follow"/>.</param>
    /// <param name="cancellation">Ends the run after the step in work and a checkpoint.</param>
    public LocalProcesses(ChildProgram program, CoordinatorOrder order, JobOptions job, ITrainingProgress progress, CancellationToken cancellation) =>
        (_program, _order, _job, _progress, _cancellation) = (program, order, job, progress, cancellation);

    private int Majority => _job.Cluster.Coordinators / 2 + 1;

    /// <summary>Starts all processes, and works until the run is over.</summary>
    /// <returns>What the run came to.</returns>
    /// <exception cref="CoordinatorsLostException">So many coordinators were lost that the run cannot be taken over.</exception>
    /// <exception cref="InvalidInputException">The job, its data or the directory are not usable.</exception>
    public RunSummary Follow()
    {
        var ports = FreePorts(_job.Cluster.Coordinators);
        var seeds = ports.Select(port => new SeedNode("127.0.0.1", port)).ToArray();
        foreach (var port in ports)
            StartCoordinator(seeds, port);
        StartOthers();
        using var stop = _cancellation.Register(() => Post(Stop));
        while (true)
        {
            if (_happened.Take()() is { } summary)
                return summary;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _happened.CompleteAdding();
        foreach (var child in _coordinators.Select(coordinator => coordinator.Node!).Concat(_others))
            await child.DisposeAsync().ConfigureAwait(false);
    }

    private static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        try
        {
            foreach (var listener in listeners)
                listener.Start();
            return [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        }
        finally
        {
            foreach (var listener in listeners)
                listener.Dispose();
        }
    }

    private void StartCoordinator(IEnumerable<SeedNode> seeds, int port)
    {
        var coordinator = new Coordinator(new SeedNode("127.0.0.1", port));
        string[] settings = [Text($"port={port}"), Text($"coordinators={_job.Cluster.Coordinators}"), Text($"failover={_job.Cluster.Failover}"), "seed-nodes=" + string.Join(",", seeds)];
        coordinator.Node = ChildNode.Start(_program, "coordinator", settings, line => Hear(coordinator, line), Report);
        _coordinators.Add(coordinator);
        coordinator.Node.Tell(_order.ToLine());
        if (_isStopping)
            coordinator.Node.Tell(CoordinatorOrder.Stop);
    }

    /// <summary>Starts the other nodes: each of the first ones works and serves parameters, up to both counts; what is left over stands alone.</summary>
    private void StartOthers()
    {
        var (workers, servers) = (_job.Cluster.Workers, _job.Cluster.ParameterServers);
        for (var i = 0; i < Math.Max(workers, servers); i++)
            StartOther(string.Join(",", (string[])[.. i < workers ? ["worker"] : Array.Empty<string>(), .. i < servers ? ["parameter-server"] : Array.Empty<string>()]));
    }

    private void StartOther(string roles)
    {
        var threads = _job.Cluster.ThreadsPerWorker > 0 ? _job.Cluster.ThreadsPerWorker : Math.Max(1, Environment.ProcessorCount / _job.Cluster.Workers);
        var seeds = _coordinators.Where(coordinator => !coordinator.IsLost).Select(coordinator => coordinator.Address);
        string[] settings = ["seed-nodes=" + string.Join(",", seeds), Text($"coordinators={_job.Cluster.Coordinators}"), Text($"failover={_job.Cluster.Failover}"), Text($"threads={threads}")];
        ChildNode? node = null;
        node = ChildNode.Start(_program, roles, settings, line => Hear(line), Report);
        _others.Add(node);

        void Hear(string? line)
        {
            if (line is null)
                Post(() => LoseOther(node!, roles));
        }
    }

    /// <summary>A worker or a parameter server has ended: unless it was told to leave, another one takes its place.</summary>
    private void LoseOther(ChildNode lost, string roles)
    {
        var what = roles.Replace(",", " and ", StringComparison.Ordinal).Replace('-', ' ');
        var status = lost.WaitForExit();
        if (status == 0 || _isStopping)
            return;
        if (status == RefusedStatus)
            throw new InvalidInputException(Text($"Process {lost.ProcessId} ({what}) refused what it was given and says why above; another one would do the same. The run has stopped at its newest checkpoint: go on with 'train --output {_order.Directory} --resume'."));
        if (++_replaced > ReplacementsMax)
            throw new InvalidOperationException(Text($"{ReplacementsMax} processes of workers and parameter servers were lost and replaced, and now one more: process {lost.ProcessId} ({what}) ended with status {status}. The run has stopped at its newest checkpoint; look at the memory of this machine, and go on with 'train --output {_order.Directory} --resume'."));
        _progress.Note(Text($"Process {lost.ProcessId} ({what}) ended with status {status}; another one is started in its place."));
        StartOther(roles);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private void Hear(Coordinator from, string? line)
    {
        if (line is null)
            Post(() => Lose(from));
        else if (CoordinatorSaying.Parse(line) is { } saying)
            Post(() => Take(from, saying));
    }

    private void Report(string sentence) => Post(() => _progress.Note(sentence));

    private void Post(Action what) => Post(() =>
    {
        what();
        return null;
    });

    private void Post(Func<RunSummary?> what)
    {
        try
        {
            _happened.Add(what);
        }
        catch (InvalidOperationException)
        {
            // The run is over: nobody waits for what comes now.
        }
    }

    private void Stop()
    {
        _isStopping = true;
        foreach (var coordinator in _coordinators.Where(coordinator => !coordinator.IsLost))
            coordinator.Node!.Tell(CoordinatorOrder.Stop);
    }

    private void Lose(Coordinator lost)
    {
        lost.IsLost = true;
        lost.Node!.Kill();
        var left = _coordinators.Where(coordinator => coordinator is { IsLost: false, IsMember: true }).ToArray();
        if (left.Length < Majority)
            throw new CoordinatorsLostException(_job.Cluster.Coordinators == 1 ? "The coordinator's process ended" : Text($"Of {_job.Cluster.Coordinators} coordinators' processes {left.Length} are left"));
        if (_coordinators.Count < _job.Cluster.Coordinators + ReplacementsMax)
            StartCoordinator(left.Select(coordinator => coordinator.Address), FreePorts(1)[0]);
    }

    private void BeginCharge(Coordinator coordinator)
    {
        if (_inCharge is { } before && before != coordinator)
            before.Node!.Kill();
        (_inCharge, coordinator.IsMember) = (coordinator, true);
    }

    private RunSummary? Take(Coordinator from, CoordinatorSaying saying)
    {
        switch (saying.Kind)
        {
            case SayingKind.Member: from.IsMember = true; break;
            case SayingKind.InCharge: BeginCharge(from); break;
            case SayingKind.Note: _progress.Note(saying.Text!); break;
            case SayingKind.Failed when _inCharge is null || from == _inCharge:
                throw saying.IsInput == true ? new InvalidInputException(saying.Text!) : new InvalidOperationException(saying.Text);
            default: return from == _inCharge ? TakeOfRun(saying) : null;
        }
        return null;
    }

    private RunSummary? TakeOfRun(CoordinatorSaying saying)
    {
        switch (saying.Kind)
        {
            case SayingKind.Loading: _progress.Loading(saying.Loading!); break;
            case SayingKind.Started: _progress.Started(saying.Outline!); break;
            case SayingKind.Step: _progress.StepDone(saying.Step!.Value); break;
            case SayingKind.Evaluating: _progress.Evaluating(saying.Text!, (int)saying.Number!, (int)saying.Of!); break;
            case SayingKind.Evaluated: _progress.Evaluated(saying.Evaluation!); break;
            case SayingKind.Checkpoint: _progress.CheckpointWritten(saying.Number!.Value); break;
            case SayingKind.Ended: return saying.Summary;
            default: break;
        }
        return null;
    }

    /// <summary>A coordinator's process, and what is known of it.</summary>
    private sealed class Coordinator(SeedNode address)
    {
        public SeedNode Address => address;

        public ChildNode? Node { get; set; }

        public bool IsMember { get; set; }

        public bool IsLost { get; set; }
    }
}
