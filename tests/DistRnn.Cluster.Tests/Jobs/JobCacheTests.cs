using DistRnn.Protocol;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>Jobs that nobody uses any more make room for those that come, and take nothing along that somebody else needs.</summary>
public sealed class JobCacheTests : IDisposable
{
    private readonly TinyJob _job = new();
    private readonly ClusterLink _from;
    private readonly ClusterLink _to;
    private readonly BlobExchange _source;
    private readonly BlobExchange _held;
    private readonly List<string> _reports = [];
    private NamedBlobs _named = new([], []);

    public JobCacheTests()
    {
        (_from, _to) = (new ClusterLink(Options(), _ => { }), new ClusterLink(Options(), _ => { }));
        _source = _from.Exchange(BlobStore.Open(_job["from"]));
        _held = _to.Exchange(BlobStore.Open(_job["to"]));
        _from.Meet(_to.Endpoint, "127.0.0.1");
        _to.Meet(_from.Endpoint, "127.0.0.1");
    }

    public void Dispose()
    {
        _from.Dispose();
        _to.Dispose();
        _job.Dispose();
    }

    [Fact]
    public async Task LayOut_OfMoreJobsThanAreKept_DeletesTheOneThatWasUsedLongestAgo()
    {
        using var cache = Cache();
        var packages = Enumerable.Range(0, JobCache.KeptMax + 2).Select(Package).ToArray();
        foreach (var package in packages)
            (await LayOutAsync(cache, package)).Dispose();

        // The newest is in use while it is laid out, and the others wait for it to count: eight are kept beside it.
        Assert.False(IsLaidOut(packages[0]));
        Assert.All(packages.Skip(1), package => Assert.True(IsLaidOut(package)));
        Assert.All(packages[0].Blobs.Append(packages[0].Sha256).Except(packages[1].Blobs), name => Assert.False(_held.Store.Has(name)));
        Assert.All(packages.Skip(1).SelectMany(package => package.Blobs.Append(package.Sha256)), name => Assert.True(_held.Store.Has(name)));
        Assert.Empty(_reports);
    }

    [Fact]
    public async Task LayOut_OfManyJobs_KeepsThoseInUseAndWhatOthersName()
    {
        using var cache = Cache();
        var packages = Enumerable.Range(0, JobCache.KeptMax + 5).Select(Package).ToArray();
        using var use = await LayOutAsync(cache, packages[0]);
        (await LayOutAsync(cache, packages[1])).Dispose();
        (await LayOutAsync(cache, packages[2])).Dispose();
        _named = new NamedBlobs([packages[1].Blobs.First()], [packages[2].Sha256]);
        foreach (var package in packages.Skip(3))
            (await LayOutAsync(cache, package)).Dispose();

        Assert.True(IsLaidOut(packages[0]));
        Assert.All(packages[0].Blobs, name => Assert.True(_held.Store.Has(name)));
        Assert.False(IsLaidOut(packages[1]));
        Assert.True(_held.Store.Has(packages[1].Blobs.First()));
        Assert.False(_held.Store.Has(packages[1].Sha256));
        Assert.False(IsLaidOut(packages[2]));
        Assert.All(packages[2].Blobs.Append(packages[2].Sha256), name => Assert.True(_held.Store.Has(name)));
    }

    [Fact]
    public async Task LayOut_ByALaterProcess_KnowsWhatAnEarlierOneUsed()
    {
        var packages = Enumerable.Range(0, JobCache.KeptMax + 1).Select(Package).ToArray();
        using (var earlier = Cache())
            foreach (var package in packages)
                (await LayOutAsync(earlier, package)).Dispose();
        using var later = Cache();
        (await LayOutAsync(later, packages[0])).Dispose();
        (await LayOutAsync(later, Package(100))).Dispose();

        Assert.True(IsLaidOut(packages[0]));
        Assert.False(IsLaidOut(packages[1]));
    }

    private static NodeOptions Options() => new() { Roles = NodeRoles.None, HostName = "127.0.0.1" };

    private JobCache Cache() => new(_held, _job["jobs"], () => _named, _reports.Add);

    /// <summary>A job whose training data is its own, and whose validation data is that of all.</summary>
    private JobPackage Package(int number)
    {
        _job.Write($"data/{number}.tsv", $"good\tday {number}\nbad\tnight {number}\n");
        var package = JobPackage.Create(_job.Job($"data.train=data/{number}.tsv"), _source.Store);
        package.PutInto(_source.Store);
        return package;
    }

    private async Task<IDisposable> LayOutAsync(JobCache cache, JobPackage package)
    {
        var (layout, use) = await cache.LayOutAsync(_from.Endpoint.Name, package.Sha256, TestContext.Current.CancellationToken);
        Assert.Null(layout.Refusal);
        Assert.True(IsLaidOut(package));
        return use;
    }

    private bool IsLaidOut(JobPackage package) => Directory.Exists(Path.Combine(_job["jobs"], package.Sha256));
}
