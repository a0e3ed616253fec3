using DistRnn.Benchmarks;

return args switch
{
    ["real-data", var folder, .. var names] => RealData.Run(folder, names),
    ["table", var report, .. var peers] => SpeedTable.Write(report, peers),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("real-data FOLDER [JOB ...]   trains the jobs beside this program on the data files under FOLDER and compares with the goals");
    Console.Error.WriteLine("table BENCH.json [PEERS.txt ...]   bench's JSON as a table, beside what the peers' scripts printed");
    return 2;
}
