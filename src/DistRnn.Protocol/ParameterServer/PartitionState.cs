using System.Collections.Immutable;
using DistRnn.Numerics;
using DistRnn.Optimizers;

namespace DistRnn.Protocol;

/// <summary>Where one of an owner's replicas is known to stand.</summary>
internal sealed class ReplicaProgress(NodeId node)
{
    private const int PatienceMax = 16;

    /// <summary>The replica.</summary>
    public NodeId Node { get; } = node;

    /// <summary>Its version; -1 while its content is not whole.</summary>
    public long Version { get; private set; } = -1;

    /// <summary>The step whose complete gradient it holds.</summary>
    public long RootStep { get; private set; } = -1;

    /// <summary>What was last sent to it and has not been answered, so that it is sent again only when time has passed.</summary>
    public string? Sent { get; private set; }

    private int _silences;
    private int _patience = 1;

    /// <summary>Notes what is sent.</summary>
    public void Note(string what) => Sent = what;

    /// <summary>Takes an answer: what is lacking next is sent at once.</summary>
    public void TakeAnswer(long version, long rootStep) => (Version, RootStep, Sent, _silences, _patience) = (version, rootStep, null, 0, 1);

    /// <summary>Time has passed without an answer: what was sent is sent again, and each time it is waited for twice as long. Content may be large, and is perhaps on its way.</summary>
    public void LoseSent()
    {
        if (Sent is null || ++_silences < _patience)
            return;
        (Sent, _silences, _patience) = (null, 0, Math.Min(2 * _patience, PatienceMax));
    }
}

/// <summary>A push that is applied here and waits for the replicas before it is answered.</summary>
internal sealed record WaitingReply(NodeId Worker, PushReply Reply, long Version);

/// <summary>One partition as one parameter server holds it, as owner or as replica.</summary>
internal sealed class PartitionState : IDisposable
{
    private const int AwaitedMax = 1024;

    private readonly PartitionArithmetic _arithmetic;
    private readonly FloatRounding? _rounding;
    private readonly SumBuffers _sums;
    private readonly Dictionary<int, LanePart> _lanes = [];
    private readonly Dictionary<int, LanePart> _lanesAfter = [];
    private readonly HashSet<(long Step, int Shard)> _applied = [];
    private readonly SortedDictionary<NodeId, ParameterRequest> _awaited = [];
    private FloatBuffer? _parameters;
    private OptimizerState? _optimizer;

    public PartitionState(PartitionAssignment assignment, PartitionArithmetic arithmetic, Codec codec)
    {
        (Assignment, _arithmetic, Key, HasOneAnswer) = (assignment, arithmetic, assignment.Key, codec.IsReproducible);
        _rounding = codec.Kind == CodecKind.Bfloat16 ? codec.RoundNode : null;
        Layout = new PartitionMap(assignment.Spec.Table, assignment.Spec.Partitions).Layouts[assignment.Key.Index];
        _sums = new SumBuffers(Layout.Count);
        Tree = NewTree();
    }

    /// <summary>What is known of the run.</summary>
    public PartitionAssignment Assignment { get; set; }

    public PartitionSpec Spec => Assignment.Spec;

    /// <summary>Whether a shard has the same gradient wherever it is computed: not so where a codec carries what it lost on the worker that lost it.</summary>
    public bool HasOneAnswer { get; }

    public PartitionLayout Layout { get; }

    public PartitionKey Key { get; set; }

    public bool IsOwner { get; set; }

    public long Version { get; private set; } = -1;

    /// <summary>Whether the content has come.</summary>
    public bool IsWhole => _parameters is not null;

    /// <summary>Where an owner's replicas are known to stand: each of them has to have what is answered.</summary>
    public ImmutableArray<ReplicaProgress> Replicas { get; set; } = [];

    /// <summary>In which term, and by which list of it, an owner was told of its replicas.</summary>
    public (long Term, long Number) Told { get; set; }

    /// <summary>Whether a replica has the content and, once it is complete, the gradient of the step in work.</summary>
    public bool IsLevel(ReplicaProgress replica) => replica.Version == Version && (!HoldsRoot || replica.RootStep == Version);

    public StepDecision? LastDecision { get; private set; }

    /// <summary>A decision that waits for the gradient.</summary>
    public StepDecision? PendingDecision { get; set; }

    public ReadOnlyMemory<byte> Position { get; set; }

    /// <summary>The sum of the step in work.</summary>
    public GradientTree Tree { get; private set; }

    /// <summary>The tree of the step before, to compare late duplicates with; its floats are gone.</summary>
    public GradientTree? LastTree { get; private set; }

    /// <summary>What is reported of the complete gradient.</summary>
    public GradientReport? Report { get; set; }

    public List<WaitingReply> Waiting { get; } = [];

    /// <summary>Keeps a request for the next version until there is one; false where as many are kept as may be.</summary>
    public bool Await(NodeId worker, ParameterRequest request)
    {
        if (_awaited.Count >= AwaitedMax && !_awaited.ContainsKey(worker))
            return false;
        _awaited[worker] = request;
        return true;
    }

    /// <summary>Takes the requests for the version that the partition is at.</summary>
    public ImmutableArray<(NodeId Worker, ParameterRequest Request)> TakeAwaited()
    {
        ImmutableArray<(NodeId Worker, ParameterRequest Request)> due = [.. _awaited.Where(entry => entry.Value.Version <= Version).Select(entry => (entry.Key, entry.Value))];
        foreach (var (worker, _) in due)
            _awaited.Remove(worker);
        return due;
    }

    public FloatBuffer Parameters => _parameters ?? throw new InvalidOperationException("The partition has no content yet.");

    public OptimizerState Optimizer => _optimizer ?? throw new InvalidOperationException("The partition has no content yet.");

    /// <summary>Whether the complete gradient of the step in work is there, its lanes' state included.</summary>
    public bool HoldsRoot => Tree.IsComplete;

    /// <summary>Shards whose lanes' state stays here.</summary>
    public IEnumerable<int> LaneShards => Spec.HasLanes ? Enumerable.Range(0, Spec.Shards).Where(shard => shard % Spec.Partitions == Key.Index) : [];

    public void TakeContent(PartitionContent content, StepDecision? lastDecision = null)
    {
        _parameters?.Dispose();
        _optimizer?.Dispose();
        (_parameters, _optimizer, Version, Position) = (content.Parameters, content.Optimizer, content.Version, content.Position);
        _lanes.Clear();
        foreach (var lane in content.Lanes)
            _lanes[lane.Shard] = lane;
        _applied.Clear();
        _applied.UnionWith(content.AppliedShards);
        ResetTree();
        _awaited.Clear();
        (LastTree, LastDecision, PendingDecision) = (null, lastDecision?.Step == content.Version - 1 ? lastDecision : null, null);
    }

    /// <summary>The content as it is: this state's own memory.</summary>
    public PartitionContent Content => new(
        Version, Parameters, Optimizer, [.. _lanes.Values.OrderBy(lane => lane.Shard)], Position, [.. _applied.Order()]);

    /// <summary>A copy of the content.</summary>
    public PartitionContent CopyContent()
    {
        var parameters = new FloatBuffer(Layout.Count);
        parameters.CopyFrom(Parameters);
        var optimizer = new OptimizerState(Spec.Rule, Layout.Count) { Scalars = Optimizer.Scalars };
        for (var i = 0; i < optimizer.Vectors.Length; i++)
            optimizer.Vectors[i].CopyFrom(Optimizer.Vectors[i]);
        return Content with { Parameters = parameters, Optimizer = optimizer };
    }

    /// <summary>The carried state of a shard's lanes, if there is any: there is none at an epoch's beginning.</summary>
    public LanePart? LaneOf(int shard) => _lanes.GetValueOrDefault(shard);

    /// <summary>The state that lanes will have once the step in work is applied.</summary>
    public ImmutableArray<LanePart> LanesAfter => [.. _lanesAfter.Values.OrderBy(lane => lane.Shard)];

    public void TakeLanes(ImmutableArray<LanePart> lanes)
    {
        foreach (var lane in lanes)
            _lanesAfter.TryAdd(lane.Shard, lane);
    }

    public GradientReport MakeReport() => new(
        Key, Version, Tree.Sums, BlockSums.Of(Layout.FirstBlock, _arithmetic.SquaredNorms(Tree.Gradient)), Tree.Entered);

    /// <summary>Makes a step's update, or passes over it; the version goes up by one either way.</summary>
    public void Apply(StepDecision decision)
    {
        if (decision.IsApplied)
        {
            Update(Tree.Gradient, decision.LearningRate, decision.Factor);
            MoveLanes();
        }
        if (decision.BeginsEpochNext)
            _lanes.Clear();
        (LastDecision, PendingDecision, Position) = (decision, null, decision.Position);
        Version++;
        LastTree = Tree;
        ResetTree();
    }

    /// <summary>The step before is committed everywhere: nobody asks for it again.</summary>
    public void ForgetLastStep() => (LastDecision, LastTree) = (null, null);

    public bool HasApplied(long step, int shard) => _applied.Contains((step, shard));

    /// <summary>Applies one shard's gradient alone.</summary>
    public void ApplyShard(GradientPush push)
    {
        if (push.Factor > 0)
        {
            Update(push.Gradient, push.LearningRate, push.Factor);
            foreach (var lane in push.Lanes)
                _lanes[lane.Shard] = lane;
        }
        _applied.Add((push.Address.Step, push.Node.First));
        _applied.RemoveWhere(entry => entry.Step < push.Address.Step - Spec.Consistency.OpenSteps);
        Version++;
    }

    public void Dispose()
    {
        Tree.Dispose();
        _sums.Dispose();
        _parameters?.Dispose();
        _optimizer?.Dispose();
        (_parameters, _optimizer) = (null, null);
    }

    private void Update(GradientPart gradient, double rate, float factor)
    {
        var step = Optimizer.Prepare(rate, factor);
        _arithmetic.Update(step, gradient, Parameters, Optimizer);
        Optimizer.Scalars = step.After;
    }

    private void MoveLanes()
    {
        foreach (var (shard, lane) in _lanesAfter)
            _lanes[shard] = lane;
    }

    private void ResetTree()
    {
        Tree.Dispose();
        (Tree, Report) = (NewTree(), null);
        _lanesAfter.Clear();
    }

    private GradientTree NewTree() => new(_sums, Spec.Shards, _arithmetic, _rounding);
}
