using Akka.Actor;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>The other nodes as places for copies: who is to hold them, and how they are asked.</summary>
/// <param name="parts">The node's life.</param>
/// <param name="link">Makes data planes known.</param>
/// <param name="own">What this node holds.</param>
/// <param name="host">This node's host.</param>
/// <param name="report">Told, in sentences, what a person who watches the node should know.</param>
internal sealed class CopyPeers(NodeParts parts, ClusterLink link, CopyDirectory own, string host, Action<string> report)
{
    private static readonly TimeSpan s_askTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_takeTime = TimeSpan.FromMinutes(10);

    /// <summary>What this node holds.</summary>
    public CopyDirectory Own => own;

    /// <summary>Where others fetch from this node.</summary>
    public string Here => link.Endpoint.On(host);

    /// <summary>The members as this node sees them.</summary>
    public NodeDirectory Directory => parts.Directory;

    /// <summary>Says something.</summary>
    public void Report(string sentence) => report(sentence);

    /// <summary>Makes a member's data plane known.</summary>
    /// <param name="member">The member.</param>
    /// <returns>What it is called.</returns>
    public string Meet(MemberFacts member)
    {
        link.Meet(member.Data, member.Host);
        return member.Data.Name;
    }

    /// <summary>
    /// Who is to hold copies beside this node: those who do already, then coordinators, then parameter servers, then workers; one node a host, and on this host only
    /// coordinators, after all others: their disk is this node's, but they take over.
    /// </summary>
    /// <param name="wanted">How many, beside this node.</param>
    /// <param name="holding">Who holds copies already.</param>
    /// <param name="refusing">Who cannot.</param>
    /// <returns>As many as there are, at most as many as wanted.</returns>
    public IReadOnlyList<MemberFacts> Choose(int wanted, IReadOnlySet<NodeId> holding, IReadOnlySet<NodeId> refusing)
    {
        var chosen = new List<MemberFacts>();
        var hosts = new HashSet<string>(StringComparer.Ordinal) { host };
        var ranked = parts.Directory.Members
            .Where(member => member.Id != parts.Id && member.Data.Port != 0 && !refusing.Contains(member.Id) && RankOf(member) < RankMax)
            .OrderBy(member => holding.Contains(member.Id) ? 0 : 1).ThenBy(RankOf).ThenBy(member => member.Id);
        foreach (var member in ranked.Where(member => member.Host == host || hosts.Add(member.Host)))
        {
            if (chosen.Count == wanted)
                break;
            chosen.Add(member);
        }
        return chosen;
    }

    /// <summary>Has copies held by as many other nodes as are wanted, or as there are.</summary>
    /// <param name="wanted">How many, beside this node.</param>
    /// <param name="holding">Who holds copies of this run; is kept up.</param>
    /// <param name="bring">Brings them to one; says whether it holds them then.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task SpreadAsync(int wanted, HashSet<NodeId> holding, Func<MemberFacts, Task<bool>> bring, CancellationToken cancellation)
    {
        var refusing = new HashSet<NodeId>();
        for (var done = new HashSet<NodeId>(); ;)
        {
            cancellation.ThrowIfCancellationRequested();
            var chosen = Choose(wanted, holding, refusing);
            holding.RemoveWhere(node => chosen.All(member => member.Id != node));
            var next = chosen.Where(member => !done.Contains(member.Id)).ToArray();
            if (next.Length == 0)
                return;
            var held = await Task.WhenAll(next.Select(bring)).ConfigureAwait(false);
            for (var i = 0; i < next.Length; i++)
            {
                done.Add(next[i].Id);
                if (held[i])
                    holding.Add(next[i].Id);
                else
                    refusing.Add(next[i].Id);
            }
        }
    }

    /// <summary>Orders a member to hold copies, and waits until it does.</summary>
    /// <param name="member">The member.</param>
    /// <param name="order">The order.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>What it holds; null where it refuses, has gone, or takes too long.</returns>
    public async Task<CopyState?> OrderAsync(MemberFacts member, CopyOrder order, CancellationToken cancellation)
    {
        var begun = Environment.TickCount64;
        while (parts.Directory.TryFind(member.Id, out _) && Environment.TickCount64 - begun < s_takeTime.TotalMilliseconds)
        {
            // A node that is still fetching goes on with it: the same question joins the one before.
            if (await AskAsync<CopyState>(member, order, cancellation).ConfigureAwait(false) is not { } state)
                continue;
            if (state.Refusal.Length == 0)
                return state;
            report($"{member.Id} does not hold a copy of {order.Run}: {state.Refusal}");
            return null;
        }
        return null;
    }

    /// <summary>Asks a member something.</summary>
    /// <typeparam name="T">The answer's kind.</typeparam>
    /// <param name="member">The member.</param>
    /// <param name="question">The question.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The answer, or null where none came in time.</returns>
    public async Task<T?> AskAsync<T>(MemberFacts member, IWireMessage question, CancellationToken cancellation)
        where T : class
    {
        try
        {
            var copies = parts.System.ActorSelection($"{member.Id.Address}/user/{CopiesActor.Name}");
            return await copies.Ask<T>(question, s_askTime, cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException && !cancellation.IsCancellationRequested)
        {
            // No answer in time, or one that says only that it failed: who needs one asks again.
            return null;
        }
    }

    private const int RankMax = 4;

    private int RankOf(MemberFacts member)
    {
        var isCoordinator = member.Roles.HasFlag(NodeRoles.Coordinator);
        if (member.Host == host)
            return isCoordinator ? RankMax - 1 : RankMax;
        return isCoordinator ? 0 : member.Roles.HasFlag(NodeRoles.ParameterServer) ? 1 : 2;
    }
}
