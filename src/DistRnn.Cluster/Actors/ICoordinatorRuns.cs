using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>What a coordinator's surroundings may do with its machine. Thread-safe.</summary>
internal interface ICoordinatorDesk
{
    /// <summary>Feeds the machine an input after what it is doing.</summary>
    /// <param name="input">The input.</param>
    void Feed(Input input);

    /// <summary>Gives the coordinator a machine that knows nothing but the members, for another run.</summary>
    void Renew();

    /// <summary>Sends a message in the coordinator's name.</summary>
    /// <param name="to">Whom it is for.</param>
    /// <param name="role">Which of its machines.</param>
    /// <param name="message">The message.</param>
    void Send(NodeId to, NodeRoles role, IMessage message);
}

/// <summary>
/// What a coordinator has done beside messages and timers: runs begun, content of partitions sent, checkpoints collected and found, the ledger and the
/// progress written. Called on the actor's thread: what takes long is done elsewhere and fed to the desk.
/// </summary>
internal interface ICoordinatorRuns
{
    /// <summary>The coordinator is there, and may be given a run.</summary>
    /// <param name="desk">What may be done with it.</param>
    void Begin(ICoordinatorDesk desk);

    /// <summary>Carries out an effect other than sends and timers.</summary>
    /// <param name="effect">The effect.</param>
    void CarryOut(Effect effect);

    /// <summary>Somebody outside asks something.</summary>
    /// <param name="query">The question.</param>
    /// <param name="answer">Takes the answer, now or later, on any thread.</param>
    void Answer(ClusterQuery query, Action<ClusterAnswer> answer) =>
        answer(new ClusterAnswer("This coordinator trains one job for the command that started it and takes no others.", ""));

    /// <summary>A parameter server says what it holds, having been asked without a term.</summary>
    /// <param name="server">The server.</param>
    /// <param name="holdings">Partitions of all runs.</param>
    void TakeHoldings(NodeId server, System.Collections.Immutable.ImmutableArray<PartitionHolding> holdings)
    {
    }

    /// <summary>A partition's content has come for the checkpoint that is being collected.</summary>
    /// <param name="key">The partition and its owner epoch.</param>
    /// <param name="content">The content, with its version; the callee releases it.</param>
    void TakeSnapshot(PartitionKey key, PartitionContent content);
}
