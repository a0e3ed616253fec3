using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using DistRnn.Protocol;
using DistRnn.Runtime;
using DistRnn.Training;

namespace DistRnn.Cluster;

/// <summary>
/// The one run of <c>train --local processes</c>, where a coordinator is in charge of it: from its beginning, or from where the coordinator before left it. The right to
/// write the run directory is taken first, so that no two coordinators ever write it at once.
/// </summary>
internal sealed class RunInCharge : ICoordinatorRuns, IDisposable
{
    private const int LookAgainMs = 50;
    private const int LooksMax = 60;

    // The command ends whoever was in charge before, so the wait is short.
    private static readonly TimeSpan s_lockPatience = TimeSpan.FromSeconds(20);

    private readonly CoordinatorOrder _order;
    private readonly NodeParts _parts;
    private readonly int _coordinators;
    private readonly CoordinatorVoice _voice;
    private readonly NodesFile _nodes;
    private readonly CancellationToken _stop;
    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentDictionary<NodeId, ImmutableArray<PartitionHolding>> _holdings = new();
    private readonly Thread _thread;
    private readonly long _began = Stopwatch.GetTimestamp();
    private ICoordinatorDesk? _desk;
    private volatile ICoordinatorRuns? _current;
    private volatile HostedRun? _hosted;
    private bool _isTakingOver;

    /// <summary>Makes it ready; it begins with its coordinator.</summary>
    /// <param name="order">What is to be carried out.</param>
    /// <param name="parts">The node's life.</param>
    /// <param name="coordinators">How many coordinators the cluster has.</param>
    /// <param name="voice">Told how it goes.</param>
    /// <param name="nodes">The list of the run's nodes.</param>
    /// <param name="stop">Ends the run after the step in work and a checkpoint.</param>
    public RunInCharge(CoordinatorOrder order, NodeParts parts, int coordinators, CoordinatorVoice voice, NodesFile nodes, CancellationToken stop)
    {
        (_order, _parts, _coordinators, _voice, _nodes, _stop) = (order, parts, coordinators, voice, nodes, stop);
        _thread = new Thread(Work) { IsBackground = true, Name = "run" };
    }

    /// <inheritdoc/>
    public void Begin(ICoordinatorDesk desk)
    {
        _desk = desk;
        _thread.Start();
    }

    /// <inheritdoc/>
    public void CarryOut(Effect effect)
    {
        _current?.CarryOut(effect);
        if (!_isTakingOver || effect is not StepReported)
            return;
        _isTakingOver = false;
        _current?.CarryOut(new Recovered("coordinator", Stopwatch.GetElapsedTime(_began)));
    }

    /// <inheritdoc/>
    public void TakeSnapshot(PartitionKey key, PartitionContent content) => _current?.TakeSnapshot(key, content);

    /// <inheritdoc/>
    public void TakeHoldings(NodeId server, ImmutableArray<PartitionHolding> holdings) => _holdings[server] = holdings;

    /// <inheritdoc/>
    public void Dispose()
    {
        _ending.Cancel();
        _hosted?.Fail(new OperationCanceledException("This coordinator is not in charge any more."));
    }

    private void Work()
    {
        try
        {
            // The command ends whoever was in charge before: that is not said lightly.
            if (!_parts.Directory.WaitForMostCoordinators(_coordinators, _ending.Token))
                return;
            _voice.Say(new CoordinatorSaying { Kind = SayingKind.InCharge });
            var summary = Train();
            _voice.Say(new CoordinatorSaying { Kind = SayingKind.Ended, Summary = summary });
        }
        catch (Exception) when (_ending.IsCancellationRequested)
        {
            // The next coordinator says how it goes on.
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            _voice.Fail(exception);
        }
    }

    private RunSummary Train()
    {
        using var right = RunLock.Take(_order.Directory, _order.Execution, s_lockPatience, _ending.Token);
        var job = JobFile.Parse(_order.Job, $"the job of {_order.Name}", _order.Name, _order.Directory);
        var held = right.IsTakenOver && RunQueue.IsAdoptable(job) ? Discover() : null;
        var cores = Environment.ProcessorCount;
        var hosting = new HostedRunOptions
        {
            Threads = cores,
            Replicas = Math.Min(job.Cluster.Replicas, job.Cluster.ParameterServers - 1),
            SendsJob = true,
            AdoptedVersion = held?.Version,
            AdoptedPosition = held is { } holding ? holding.LastDecision?.Position ?? holding.Position : default,
            MayBeTakenOver = job.Cluster.Coordinators > 1,
        };
        var options = new TrainingRunOptions { OutputDirectory = _order.Directory, Resume = _order.Resume || right.IsTakenOver, Threads = cores, Lock = right, MayBeTakenOver = true, IsTakenOver = right.IsTakenOver };
        using var hosted = new HostedRun(job, options, _voice, hosting, _stop);
        try
        {
            _nodes.WriteTo(hosted.NodesFile, _parts.Id);
            _hosted = hosted;
            _ending.Token.ThrowIfCancellationRequested();
            if (right.IsTakenOver)
                hosted.Runs.CarryOut(new FaultNoticed("coordinator-lost", SentenceOf(held?.Version)));
            _isTakingOver = right.IsTakenOver;
            _current = hosted.Runs;
            hosted.Runs.Begin(_desk!);
            return hosted.Run(() => new JournalEnding("", "", job.Cluster.Workers, job.Cluster.ParameterServers, null));
        }
        finally
        {
            _current = null;
            _hosted = null;
            if (!_ending.IsCancellationRequested)
                _nodes.End();
            _nodes.StopWriting();
        }
    }

    private static string SentenceOf(long? held) => held is { } version
        ? FormattableString.Invariant($"The coordinator in charge was lost; another one takes over at version {version}.")
        : "The coordinator was lost, and the run goes on from its newest checkpoint.";

    /// <summary>A partition at the newest version that the parameter servers hold whole; null where they hold none.</summary>
    private PartitionHolding? Discover()
    {
        for (var look = 0; look < LooksMax; look++)
        {
            var servers = _parts.Directory.Members.Where(member => member.Roles.HasFlag(NodeRoles.ParameterServer)).ToArray();
            foreach (var server in servers.Where(server => !_holdings.ContainsKey(server.Id)))
                _desk!.Send(server.Id, NodeRoles.ParameterServer, new PromiseRequest(new RunKey("", 0), 0));
            if (look > 0 && servers.Length > 0 && servers.All(server => _holdings.ContainsKey(server.Id)))
                break;
            if (_ending.Token.WaitHandle.WaitOne(LookAgainMs))
                break;
        }
        var name = Path.GetFileName(_order.Directory);
        return _holdings.Values.SelectMany(held => held).Where(holding => holding.IsWhole && holding.Key.Run.Run == name)
            .MaxBy(holding => (holding.Key.Run.Incarnation, holding.Version, holding.LastDecision is not null));
    }
}
