using System.Collections.Immutable;
using DistRnn.Numerics;
using DistRnn.Training;

namespace DistRnn.Simulation;

/// <summary>What became of one simulated cluster.</summary>
/// <param name="Seed">The seed that drew it.</param>
/// <param name="Job">The job's name.</param>
/// <param name="Violations">What must never be, and was; empty where all held.</param>
/// <param name="Faults">How often each kind of fault fired, by its name.</param>
/// <param name="VirtualTime">How long the run took in virtual time.</param>
public sealed record SimulationResult(ulong Seed, string Job, ImmutableArray<Violation> Violations, ImmutableSortedDictionary<string, long> Faults, TimeSpan VirtualTime);

/// <summary>
/// Runs the whole protocol in virtual time: the state machines that clusters run, with real gradients of real jobs, on a cluster, a network and faults that one
/// seed draws. The same seed gives the same run, to the bit and to the microsecond.
/// </summary>
/// <remarks>One caller at a time. Jobs are read, and trained undisturbed, once.</remarks>
public sealed class Simulator : IDisposable
{
    /// <summary>What stands for the built-in set of tiny jobs in the place of a job; a seed takes one of them.</summary>
    public const string Swarm = "swarm";

    private readonly ImmutableArray<Lazy<SimulatedJob>> _jobs;

    private Simulator(IEnumerable<Func<JobOptions>> jobs) => _jobs = [.. jobs.Select(job => new Lazy<SimulatedJob>(() => new SimulatedJob(job())))];

    /// <summary>A simulator of the built-in set of tiny jobs.</summary>
    public static Simulator OfSwarm() => new(SwarmJobs.Names.Select(name => (Func<JobOptions>)(() => SwarmJobs.Read(name))));

    /// <summary>A simulator of one job.</summary>
    /// <param name="job">The job; it is trained once in this process first, so it should be a small one.</param>
    public static Simulator Of(JobOptions job)
    {
        ArgumentNullException.ThrowIfNull(job);
        return new Simulator([() => job]);
    }

    /// <summary>Runs one simulation.</summary>
    /// <param name="seed">What draws the cluster, the network and the faults.</param>
    /// <param name="faults">From what faults are drawn.</param>
    /// <param name="log">Reads along, or null.</param>
    /// <exception cref="InvalidInputException">The job or its data are not usable, or a run of it has no one right answer.</exception>
    public SimulationResult Run(ulong seed, FaultOptions faults, Action<LogLine>? log = null)
    {
        ArgumentNullException.ThrowIfNull(faults);
        return Run(seed, faults, new SimulationHooks { Log = log });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var job in _jobs.Where(job => job.IsValueCreated))
            job.Value.Dispose();
    }

    internal SimulationResult Run(ulong seed, FaultOptions faults, SimulationHooks hooks)
    {
        var job = _jobs[(int)(seed % (ulong)_jobs.Length)].Value;
        using var cluster = new SimulatedCluster(job, seed, faults, hooks);
        cluster.Run();
        return new SimulationResult(
            seed, job.Name, [.. cluster.Checks.Violations], cluster.Faults.ToImmutableSortedDictionary(fault => FaultNames.Of(fault.Key), fault => fault.Value, StringComparer.Ordinal), cluster.Events.Now);
    }
}
