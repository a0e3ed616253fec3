using System.Collections.Concurrent;
using Akka.Actor;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>
/// Messages between the nodes of a cluster: control messages through Akka, tensors through the data plane. What is for a machine of this process is
/// handed over as it is. One for each process; <see cref="Begin"/> gives it the node's life of now.
/// </summary>
internal sealed class ClusterLink : IMessageLink, IDataPlaneReceiver, IDisposable
{
    /// <summary>The environment variable of the cluster's secret, for nodes that are given no file of it, and for those who submit jobs.</summary>
    public const string SecretVariable = "DISTRNN_SECRET";

    // A tensor message is one frame, so a frame has to hold the content of a partition with its optimiser's vectors.
    private const long PayloadBytesMax = 2L << 30;

    private readonly ConcurrentDictionary<string, RunTensors> _runs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(NodeId Node, NodeRoles Role), IActorRef> _remote = new();
    private readonly ConcurrentDictionary<string, DataEndpoint> _peers = new(StringComparer.Ordinal);
    private readonly DataBufferPool _memory = new(PayloadBytesMax * 4);
    private readonly NodeTls? _tls;
    private readonly TcpDataPlane _plane;
    private readonly Action<string> _report;
    private volatile BlobExchange? _blobs;
    private volatile LocalLink _local;
    private volatile NodeParts? _parts;

    /// <summary>Begins to listen for tensors.</summary>
    /// <param name="options">The node's options.</param>
    /// <param name="report">Told, in sentences, what was refused.</param>
    /// <exception cref="System.Net.Sockets.SocketException">The port is taken.</exception>
    public ClusterLink(NodeOptions options, Action<string> report)
    {
        _report = report;
        _tls = NodeTls.Of(options.Tls);
        _local = new LocalLink(_memory);
        _plane = new TcpDataPlane(PlaneOf(options) with { Secure = _tls is null ? null : _tls.Secure, Report = report }, this);
    }

    /// <summary>Where this process takes tensors.</summary>
    public DataEndpoint Endpoint => new(_plane.Name, _plane.EndPoint.Port);

    /// <summary>What was sent, received and refused.</summary>
    public DataPlaneCounters Counters => _plane.Counters;

    /// <summary>Gives and takes blobs from now on.</summary>
    /// <param name="store">This node's blobs.</param>
    /// <returns>What fetches them.</returns>
    public BlobExchange Exchange(BlobStore store) => _blobs = new BlobExchange(store, _plane);

    /// <summary>Makes a node known that may not be a member: tensors and blobs can be sent to it.</summary>
    /// <param name="data">Its data plane.</param>
    /// <param name="host">Its host.</param>
    public void Meet(DataEndpoint data, string host)
    {
        if (_peers.TryAdd(data.Name, data))
            _plane.AddPeer(data.Name, host, data.Port);
    }

    /// <summary>Takes up a life of the node: machines of an earlier one are gone.</summary>
    /// <param name="parts">The life.</param>
    public void Begin(NodeParts parts)
    {
        _local = new LocalLink(_memory);
        _remote.Clear();
        _parts = parts;
        parts.Directory.Removed += Remove;
    }

    /// <summary>Makes a machine of this process known.</summary>
    /// <param name="node">Its node.</param>
    /// <param name="role">What it does there.</param>
    /// <param name="machine">The actor that drives it.</param>
    public void Add(NodeId node, NodeRoles role, IActorRef machine) => _local.Add(node, role, machine);

    /// <inheritdoc/>
    public void Learn(string run, PartitionMap partitions, Codec codec) => _runs[run] = new RunTensors(partitions, codec);

    /// <inheritdoc/>
    public void Forget(string run) => _runs.TryRemove(run, out _);

    /// <inheritdoc/>
    public void Send(NodeId from, NodeId to, NodeRoles role, IMessage message)
    {
        if (_local.TryFind(to, role, out _))
            _local.Send(from, to, role, message);
        else if (message is ITensorMessage tensors)
            SendTensors(from, to, role, tensors);
        else
            RefOf(to, role)?.Tell(new WireEnvelope(from, to, role, message), ActorRefs.NoSender);
    }

    /// <inheritdoc/>
    public DataDestination Accept(string peer, in DataHeader header, ReadOnlySpan<byte> prefix) =>
        header.Kind is DataKind.GradientPush or DataKind.Parameters or DataKind.ReplicaGradient or DataKind.Snapshot or DataKind.SnapshotRestore || header.Kind is DataKind.BlobGet or DataKind.BlobChunk && _blobs is not null
            ? DataDestination.Lease()
            : DataDestination.Refuse(RefusalReason.UnknownKind);

    /// <inheritdoc/>
    public void Complete(in DataArrival arrival)
    {
        using var lease = arrival.Lease!;
        if (arrival.Header.Kind == DataKind.BlobGet)
        {
            Meet(arrival.Peer);
            _blobs!.Serve(arrival.Peer, arrival.Header, arrival.Prefix);
            return;
        }
        if (arrival.Header.Kind == DataKind.BlobChunk)
        {
            _blobs!.Take(arrival.Header, arrival.Prefix, arrival.Payload);
            return;
        }
        if (!TensorCodec.TryReadHead(arrival.Prefix, out var head))
        {
            _report($"A frame from {arrival.Peer} has no head and is refused.");
            return;
        }
        var (from, to, role) = (new NodeId(head.From.Address, head.From.Life), new NodeId(head.To.Address, head.To.Life), (NodeRoles)head.Role);
        // For an earlier life of this node, or a machine that it does not have.
        if (!_local.TryFind(to, role, out var machine))
            return;
        if (TensorCodec.TryRead(head, lease, _runs.GetValueOrDefault, _memory, out var message, out var refusal))
            machine.Tell(new Received(from, message));
        else
            _report(refusal);
    }

    /// <inheritdoc/>
    public void Failed(string peer, in DataHeader header, in DataDestination destination, RefusalReason reason)
    {
        // What did not arrive is asked for again by whoever waits for it.
    }

    /// <inheritdoc/>
    public void Refused(string peer, in DataHeader header, RefusalReason reason)
    {
        // As above: the plane has counted it.
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _plane.Dispose();
        _memory.Dispose();
        _tls?.Dispose();
    }

    /// <summary>What a node's data plane is told, but for what belongs to one link alone: TLS and reports.</summary>
    /// <param name="options">The node's options.</param>
    internal static TcpDataPlaneOptions PlaneOf(NodeOptions options) => new()
    {
        Name = Guid.NewGuid().ToString("N"),
        Address = ListeningAddress.Find(options),
        Port = options.DataPort,
        GreetingMs = (int)FailoverTimes.Of(options.Failover).Greeting.TotalMilliseconds,
        Limits = new DataPlaneLimits { PayloadBytesMax = PayloadBytesMax },
        CreditBytes = 2 * PayloadBytesMax + (64L << 20),
        ReceiveBytesMax = PayloadBytesMax * 4,
        SendBytesMax = PayloadBytesMax * 4,
        Secret = options.SecretFile.Length > 0 ? SharedSecret.FromFile(options.SecretFile) : SharedSecret.FromEnvironment(SecretVariable),
    };

    private void SendTensors(NodeId from, NodeId to, NodeRoles role, ITensorMessage message)
    {
        try
        {
            if (_parts?.Directory.TryFind(to, out var member) != true || member!.Data.Port == 0)
                return;
            Meet(member.Data, member.Host);
            if (TensorCodec.Write(from, to, role, message, _runs.GetValueOrDefault, _plane.Buffers, out var header) is { } lease)
                _plane.Send(member.Data.Name, header, lease);
        }
        finally
        {
            message.Release();
        }
    }

    /// <summary>Makes a member known by the name of its data plane.</summary>
    private void Meet(string peer)
    {
        if (!_peers.ContainsKey(peer) && _parts?.Directory.Members.FirstOrDefault(member => member.Data.Name == peer) is { } member)
            Meet(member.Data, member.Host);
    }

    private void Remove(MemberFacts member)
    {
        foreach (var role in (ReadOnlySpan<NodeRoles>)[NodeRoles.Coordinator, NodeRoles.Worker, NodeRoles.ParameterServer])
            _remote.TryRemove((member.Id, role), out _);
        // A process that goes on under another life has the same data plane.
        if (_parts?.Directory.Members.Any(other => other.Data.Name == member.Data.Name) != true && _peers.TryRemove(member.Data.Name, out _))
            _plane.RemovePeer(member.Data.Name);
    }

    private IActorRef? RefOf(NodeId to, NodeRoles role)
    {
        if (_remote.TryGetValue((to, role), out var known))
            return known;
        if (_parts is not { } parts || !ActorPath.TryParse(to.Address + PathOf(role), out var path))
            return null;
        return _remote[(to, role)] = ((ExtendedActorSystem)parts.System).Provider.ResolveActorRef(path.ToSerializationFormat());
    }

    private static string PathOf(NodeRoles role) => role switch
    {
        NodeRoles.Coordinator => $"/user/{NodeParts.CoordinatorName}/{NodeParts.InChargeName}",
        NodeRoles.Worker => "/user/" + NodeParts.WorkerName,
        _ => "/user/" + NodeParts.ParameterServerName,
    };
}
