using System.Globalization;
using DistRnn.Benchmarks;

return args switch
{
    ["real-data", var folder, .. var names] => RealData.Run(folder, names),
    ["table", var report, .. var peers] => SpeedTable.Write(report, peers),
    ["encoder-decoder"] => PairSpeed.Run(1),
    ["encoder-decoder", var threads] => PairSpeed.Run(int.Parse(threads, CultureInfo.InvariantCulture)),
    ["encoder-decoder", var threads, var steps] => PairSpeed.Run(int.Parse(threads, CultureInfo.InvariantCulture), int.Parse(steps, CultureInfo.InvariantCulture)),
    ["recovery"] => await RecoveryTimes.RunAsync(10),
    ["recovery", var runs] => await RecoveryTimes.RunAsync(int.Parse(runs, CultureInfo.InvariantCulture)),
    ["recovery", var runs, var kind] => await RecoveryTimes.RunAsync(int.Parse(runs, CultureInfo.InvariantCulture), kind),
    ["workers"] => await WorkerScaling.RunAsync(650, 3),
    ["workers", var hidden] => await WorkerScaling.RunAsync(int.Parse(hidden, CultureInfo.InvariantCulture), 3),
    ["workers", var hidden, var rounds] => await WorkerScaling.RunAsync(int.Parse(hidden, CultureInfo.InvariantCulture), int.Parse(rounds, CultureInfo.InvariantCulture)),
    ["staleness"] => await StalenessGain.RunAsync(60),
    ["staleness", var steps] => await StalenessGain.RunAsync(int.Parse(steps, CultureInfo.InvariantCulture)),
    ["staleness", var steps, var data] => await StalenessGain.RunAsync(int.Parse(steps, CultureInfo.InvariantCulture), data),
    ["bare", var job, var run] => WorkerScaling.Bare(job, run),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("real-data FOLDER [JOB ...]   trains the jobs beside this program on the data files under FOLDER and compares with the goals");
    Console.Error.WriteLine("table BENCH.json [PEERS.txt ...]   bench's JSON as a table, beside what the peers' scripts printed");
    Console.Error.WriteLine("encoder-decoder [THREADS [STEPS]]   the speed of an encoder-decoder's training step");
    Console.Error.WriteLine("recovery [RUNS [worker|parameter-server|coordinator]]   how long a run stands still when a worker, a parameter server or the coordinator is killed");
    Console.Error.WriteLine("workers [HIDDEN [ROUNDS]]   tokens a second of one and of two workers, in one process and in several, beside the bare trainer's");
    Console.Error.WriteLine("staleness [STEPS [text|sunspots]]   what bounded-staleness(2) gains where one of four workers is four times slower");
    return 2;
}
