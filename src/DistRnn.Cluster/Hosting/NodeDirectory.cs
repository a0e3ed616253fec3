using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>The members as this node sees them. <see cref="MembershipActor"/> writes, everybody reads. Thread-safe.</summary>
public sealed class NodeDirectory
{
    private const int LeaversMax = 1024;

    private readonly ConcurrentDictionary<NodeId, MemberFacts> _members = new();
    private readonly ConcurrentDictionary<NodeId, bool> _leavers = new();

    /// <summary>All members, in the order of their identities.</summary>
    public IReadOnlyList<MemberFacts> Members => [.. _members.Values.OrderBy(member => member.Id)];

    /// <summary>A member is gone for good. Raised on the thread that noticed.</summary>
    internal event Action<MemberFacts>? Removed;

    /// <summary>Something is said of a member. Raised on the thread that noticed.</summary>
    internal event Action<MemberFacts, MemberStatus>? Changed;

    /// <summary>Finds a member.</summary>
    /// <param name="node">The node.</param>
    /// <param name="member">What is known of it.</param>
    /// <returns>Whether it is a member.</returns>
    public bool TryFind(NodeId node, [NotNullWhen(true)] out MemberFacts? member) => _members.TryGetValue(node, out member);

    /// <summary>Completes when most coordinators are members: before that, this node may be alone on its side of a split.</summary>
    /// <param name="coordinators">How many coordinators the cluster has.</param>
    /// <param name="cancellation">Ends the wait.</param>
    internal async Task WhenMostCoordinatorsAsync(int coordinators, CancellationToken cancellation = default)
    {
        var most = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Changed += Look;
        try
        {
            if (!HasMost(coordinators))
                await most.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            Changed -= Look;
        }

        void Look(MemberFacts member, MemberStatus status)
        {
            if (HasMost(coordinators))
                most.TrySetResult();
        }
    }

    /// <summary>The same for a thread that has nothing else to do.</summary>
    /// <param name="coordinators">How many coordinators the cluster has.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Whether they are; false where the wait was ended.</returns>
    internal bool WaitForMostCoordinators(int coordinators, CancellationToken cancellation)
    {
        try
        {
            WhenMostCoordinatorsAsync(coordinators, cancellation).GetAwaiter().GetResult();
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    internal void Add(MemberFacts member, MemberStatus status)
    {
        _members[member.Id] = member;
        if (status == MemberStatus.Leaving && _leavers.Count < LeaversMax)
            _leavers[member.Id] = true;
        Changed?.Invoke(member, status);
    }

    /// <summary>Whether a node is a member, or said that it would leave; a thousand of these are remembered.</summary>
    /// <param name="node">The node, as <see cref="NodeId.ToString"/> has it.</param>
    internal bool IsOrLeft(string node) => _members.Keys.Concat(_leavers.Keys).Any(member => member.ToString() == node);

    internal void Remove(NodeId node)
    {
        if (!_members.TryRemove(node, out var member))
            return;
        Removed?.Invoke(member);
        Changed?.Invoke(member, MemberStatus.Removed);
    }

    private bool HasMost(int coordinators) => _members.Values.Count(member => member.Roles.HasFlag(NodeRoles.Coordinator)) > coordinators / 2;
}
