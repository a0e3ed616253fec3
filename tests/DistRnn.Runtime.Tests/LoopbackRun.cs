using System.Collections.Immutable;
using DistRnn.Protocol;
using DistRnn.Training;
using Xunit;

namespace DistRnn.Runtime.Tests;

/// <summary>The three machines joined by a queue: every message arrives, once, in order. What remains is what they decide and compute.</summary>
internal sealed class LoopbackRun : IDisposable
{
    private readonly JobOptions _job;
    private readonly LoadedJob _loaded;
    private readonly int _partitions;
    private readonly NodeId _coordinatorNode = new("coordinator", 1);
    private readonly CoordinatorMachine _coordinator;
    private readonly SortedDictionary<NodeId, WorkerMachine> _workers = [];
    private readonly SortedDictionary<NodeId, ParameterServerMachine> _servers = [];
    private readonly Dictionary<NodeId, (LoadedJob Job, ShardWorkspace Workspace)> _loads = [];
    private readonly Queue<(NodeId Node, NodeRoles Role, Input Input)> _queue = new();
    private readonly List<(TimeSpan At, NodeId Node, NodeRoles Role, string Name)> _timers = [];
    private readonly RunJournal _journal;
    private readonly Dictionary<long, VersionContent> _saved = [];
    private VersionContent? _saving;
    private TimeSpan _now;

    public LoopbackRun(JobOptions job, int workers, int servers, TrainingRunOptions options)
    {
        (_job, _partitions) = (job, servers);
        _loaded = LoadedJob.Load(job, 1, SilentProgress.Instance);
        _journal = _loaded.CreateJournal(options, SilentProgress.Instance, 0);
        _coordinator = new CoordinatorMachine(_coordinatorNode, new CoordinatorOptions());
        for (var i = 0; i < workers; i++)
            _workers[new NodeId($"worker-{i}", 1)] = new WorkerMachine(new NodeId($"worker-{i}", 1), new WorkerOptions());
        for (var i = 0; i < servers; i++)
            _servers[new NodeId($"server-{i}", 1)] = new ParameterServerMachine(new NodeId($"server-{i}", 1), new PartitionArithmetic(SequentialRunner.Instance), new ParameterServerOptions());
    }

    public List<LedgerEvent> Ledger { get; } = [];

    /// <summary>Partitions that were given while the rest of their gradient was being computed.</summary>
    public int Ahead { get; private set; }

    public RunSummary? Summary { get; private set; }

    public RunSummary Run()
    {
        var start = _journal.Open();
        _saved[start.Version] = start;
        foreach (var node in _servers.Keys)
            Feed(_coordinatorNode, NodeRoles.Coordinator, new MemberChanged(node, NodeRoles.ParameterServer, MemberStatus.Up));
        foreach (var node in _workers.Keys)
            Feed(_coordinatorNode, NodeRoles.Coordinator, new MemberChanged(node, NodeRoles.Worker, MemberStatus.Up));
        Feed(_coordinatorNode, NodeRoles.Coordinator, new BeginRun(new RunPlan
        {
            Run = "loopback",
            Description = default,
            Spec = _loaded.SpecFor(_partitions),
            Course = _loaded.Course,
            StartVersion = start.Version,
            StartPosition = start.Position,
            ServersWanted = _servers.Count,
            WorkersWanted = _workers.Count,
            Seed = _job.Seed,
        }));
        for (var turn = 0; Summary is null; turn++)
        {
            Assert.True(turn < 2_000_000, "The run does not end.");
            if (_queue.TryDequeue(out var next))
                Handle(next.Node, next.Role, next.Input);
            else
                FireTimer();
        }
        return Summary;
    }

    public void Dispose()
    {
        _journal.Dispose();
        foreach (var (job, workspace) in _loads.Values)
        {
            workspace.Dispose();
            job.Dispose();
        }
        foreach (var server in _servers.Values)
            server.Dispose();
        foreach (var content in _saved.Values)
            content.Dispose();
        _loaded.Dispose();
    }

    private void Feed(NodeId node, NodeRoles role, Input input) => _queue.Enqueue((node, role, input));

    private void FireTimer()
    {
        var next = _timers.MinBy(timer => timer.At);
        _timers.Remove(next);
        _now = next.At;
        Handle(next.Node, next.Role, new TimerFired(next.Name));
    }

    private void Handle(NodeId node, NodeRoles role, Input input)
    {
        var outcome = role switch
        {
            NodeRoles.Coordinator => _coordinator.Handle(input, _now),
            NodeRoles.Worker => _workers[node].Handle(input, _now),
            _ => _servers[node].Handle(input, _now),
        };
        foreach (var effect in outcome.Effects)
            Do(node, role, effect);
    }

    private void Do(NodeId node, NodeRoles role, Effect effect)
    {
        switch (effect)
        {
            case SendTo send: Feed(send.To, send.Role, new Received(node, send.Message)); break;
            case SetTimer timer:
                _timers.RemoveAll(other => other.Node == node && other.Role == role && other.Name == timer.Name);
                _timers.Add((_now + timer.Delay, node, role, timer.Name));
                break;
            case CancelTimer timer: _timers.RemoveAll(other => other.Node == node && other.Role == role && other.Name == timer.Name); break;
            case RecordEvent entry: Ledger.Add(entry.Event); break;
            case LoadRun load:
                var job = LoadedJob.Load(_job, 1, SilentProgress.Instance);
                _loads[node] = (job, job.CreateWorkspace(_partitions));
                Feed(node, role, new RunLoaded(load.Offer.Run.Run, job.PlanFor(_partitions), job.Digest));
                break;
            case StoreParameters store: _loads[node].Workspace.Store(store.Reply); break;
            case Compute compute: Feed(node, role, _loads[node].Workspace.Compute(compute.Lease, compute.Lanes, part => TakeAhead(node, part))); break;
            case ComputeEvaluation evaluation: Feed(node, role, _loads[node].Workspace.Evaluate(evaluation.Lease)); break;
            case SeedPartition seed:
                var layout = new PartitionMap(_loaded.Table, _partitions).Layouts[seed.Key.Index];
                Feed(seed.To, NodeRoles.ParameterServer, new Received(node, new PartitionSeed(seed.Key, _saved[seed.Version].ContentOf(layout), null)));
                break;
            case BeginCheckpoint begin:
                _saving = _loaded.CreateEmpty();
                _saving.Mark(begin.Version, begin.Position);
                break;
            case SendSnapshot snapshot:
                if (_saving!.Take(new PartitionMap(_loaded.Table, _partitions).Layouts[snapshot.Key.Index], snapshot.Content))
                    Save(_saving);
                break;
            case StepReported report: _journal.Take(report); break;
            case EvaluationReported report: _journal.Take(report, 0); break;
            case FaultNoticed fault: _journal.Take(fault); break;
            case EndRun end:
                Summary = _journal.Finish(new JournalEnding(end.Status, end.Reason, _workers.Count, _servers.Count, 0), _saved[end.Version], default);
                break;
            case UnloadRun: break;
            default: Assert.Fail($"{effect.GetType().Name} was not expected."); break;
        }
    }

    private void TakeAhead(NodeId node, PartComputed part)
    {
        Ahead++;
        Feed(node, NodeRoles.Worker, part);
    }

    private void Save(VersionContent content)
    {
        var (fingerprint, manifest, reason) = _journal.Save(content);
        Assert.Null(reason);
        _saved[content.Version] = content;
        Feed(_coordinatorNode, NodeRoles.Coordinator, new CheckpointSaved(content.Version, manifest, fingerprint!));
    }
}
