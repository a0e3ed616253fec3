using System.Security.Cryptography;
using System.Text;
using DistRnn.Protocol;
using DistRnn.Runtime;

namespace DistRnn.Simulation;

/// <summary>
/// What a coordinator's driver does with content: it collects partitions for a checkpoint, has it written on as many hosts as the job asks for, finds the newest
/// one, and sends partitions to their owners.
/// </summary>
internal sealed class CheckpointDesk(SimulatedCluster cluster, SimulatedProcess process)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(250);
    private Collection? _open;
    private VersionContent? _found;

    /// <summary>Begins to collect.</summary>
    /// <param name="begin">What the coordinator wants.</param>
    public void Begin(BeginCheckpoint begin)
    {
        var open = new Collection(begin, cluster.CreateEmpty());
        _open = open;
        cluster.Events.In(Patience, () =>
        {
            if (_open == open)
                Give(open, "Parts of it did not come in time.");
        });
    }

    /// <summary>Takes a partition's copy.</summary>
    /// <param name="seed">What its owner sent.</param>
    public void Take(PartitionSeed seed)
    {
        if (_open is { IsWhole: false } open && seed.Run == open.Begin.Run && seed.Content.Version == open.Begin.Version
            && open.Content.Take(cluster.Partitions.Layouts[seed.Key.Index], seed.Content))
        {
            open.IsWhole = true;
            open.Content.Mark(open.Begin.Version, open.Begin.Position);
            var stored = new StoredCheckpoint(open.Content, open.Content.Fingerprint(), open.Begin.Run.Incarnation, process.Coordinator?.Term ?? 0);
            cluster.Checks.TakeCheckpoint(process.Id, stored);
            cluster.Events.In(cluster.Work.Milliseconds(10, 200), () => Write(open, stored));
        }
        seed.Release();
    }

    /// <summary>Looks for the newest checkpoint, and tells the coordinator.</summary>
    public void Find() => cluster.Events.In(cluster.Work.Milliseconds(20, 300), () =>
    {
        _found = cluster.NewestFor(process)?.Content;
        var content = _found ?? cluster.Start;
        cluster.Feed(process, NodeRoles.Coordinator, new CheckpointFound(content.Version, content.Position));
    });

    /// <summary>Begins the coordinator's run from the newest checkpoint that it can reach.</summary>
    public void BeginRun() => cluster.Events.In(cluster.Work.Milliseconds(20, 300), () =>
    {
        var newest = cluster.NewestFor(process);
        _found = newest?.Content;
        cluster.Feed(process, NodeRoles.Coordinator, new BeginRun(cluster.PlanFrom(newest, process.Host.Disk)));
    });

    /// <summary>Sends a partition to its owner.</summary>
    /// <param name="seed">What the coordinator wants.</param>
    public void Seed(SeedPartition seed)
    {
        var content = seed.Version == 0 ? cluster.Start : _found?.Version == seed.Version ? _found : cluster.FindFor(process, seed.Version)?.Content;
        if (content is null)
            return;
        var layout = cluster.Partitions.Layouts[seed.Key.Index];
        cluster.Network.Send(process, seed.To, NodeRoles.ParameterServer, new PartitionSeed(seed.Key, content.ContentOf(layout), null));
    }

    private void Write(Collection open, StoredCheckpoint stored)
    {
        if (!process.IsAlive || _open != open)
            return;
        var hosts = cluster.ReachableFrom(process).Prepend(process.Host).ToArray();
        var wanted = Math.Min(cluster.CheckpointCopies, hosts.Length);
        if (hosts.FirstOrDefault(host => host.Disk[stored.Version] != stored) is { } next && Copies() < wanted)
            next.Disk.Write(stored);
        if (Copies() < wanted)
        {
            cluster.Events.In(Retry, () => Write(open, stored));
            return;
        }
        _open = null;
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(stored.Fingerprint)));
        cluster.Feed(process, NodeRoles.Coordinator, new CheckpointSaved(stored.Version, digest, stored.Fingerprint));

        int Copies() => cluster.Hosts.Count(host => host.Disk[stored.Version] == stored);
    }

    private void Give(Collection open, string reason)
    {
        _open = null;
        cluster.Feed(process, NodeRoles.Coordinator, new CheckpointLost(open.Begin.Version, reason));
    }

    private sealed class Collection(BeginCheckpoint begin, VersionContent content)
    {
        public BeginCheckpoint Begin { get; } = begin;

        public VersionContent Content { get; } = content;

        public bool IsWhole { get; set; }
    }
}
