using System.Collections.Immutable;
using DistRnn.Protocol;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>A host holds what the newest index names, drops what it does not name any more, and knows it again after a restart.</summary>
public sealed class CopyDirectoryTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private readonly ClusterLink _from;
    private readonly ClusterLink _to;
    private readonly BlobExchange _source;
    private readonly BlobExchange _held;
    private CopyDirectory _copies;

    public CopyDirectoryTests()
    {
        (_from, _to) = (new ClusterLink(Options(), _ => { }), new ClusterLink(Options(), _ => { }));
        _source = _from.Exchange(BlobStore.Open(_scratch["from"]));
        _held = _to.Exchange(BlobStore.Open(_scratch["to"]));
        _from.Meet(_to.Endpoint, "127.0.0.1");
        _copies = Open();
    }

    public void Dispose()
    {
        _copies.Dispose();
        _from.Dispose();
        _to.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Take_ANewerIndex_DropsWhatItDoesNotName()
    {
        var first = await TakeAsync("run", 1, "a", "b");
        Assert.Equal("", first.Refusal);
        var second = await TakeAsync("run", 2, "b", "c");
        Assert.Equal("", second.Refusal);
        Assert.Equal(Names("b", "c").Append(second.Index).Order(StringComparer.Ordinal), _held.Store.List());
    }

    [Fact]
    public async Task Take_OfMoreRunsThanAreHeld_DropsTheOneOfTheOldestOrder()
    {
        for (var run = 0; run <= CopyDirectory.RunsMax; run++)
            Assert.Equal("", (await TakeAsync($"run-{run}", 1, $"of {run}")).Refusal);
        Assert.Equal("", _copies.Held("run-0").Index);
        Assert.NotEqual("", _copies.Held("run-1").Index);
        Assert.Equal(2 * CopyDirectory.RunsMax, _held.Store.List().Count);
        Assert.False(Directory.Exists(Path.Combine(_scratch["copies"], "run-0")));
    }

    [Fact]
    public async Task Take_OfAPieceThatIsNotAsLongAsTheIndexSays_IsRefused()
    {
        var content = _source.Store.Put("long"u8);
        var index = new CopyIndex("run", 1, 0, 0, [], [new CopiedFile(CopyIndex.MetricsFile, [new CopiedPiece(2, content.Sha256)])]);
        var state = await _copies.TakeAsync(new CopyOrder("run", _source.Store.Put(index.ToJson()).Sha256, _from.Endpoint.On("127.0.0.1"), ""));
        Assert.Contains("2 are the most", state.Refusal, StringComparison.Ordinal);
        Assert.Equal("", _copies.Held("run").Index);
    }

    [Fact]
    public async Task Fetch_OfOneBlobByMany_GivesItToAll()
    {
        var content = new byte[5_000_000];
        new Random(3).NextBytes(content);
        var name = _source.Store.Put(content).Sha256;
        _to.Meet(_from.Endpoint, "127.0.0.1");
        var refusals = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _held.FetchAsync(_from.Endpoint.Name, name, TestContext.Current.CancellationToken)));
        Assert.All(refusals, Assert.Null);
        Assert.True(_held.Store.Has(name));
    }

    [Fact]
    public async Task Append_BehindAGap_IsNotTaken_AndWhatIsTakenIsThereAfterARestart()
    {
        await TakeAsync("run", 1, "a");
        Assert.NotEqual("", _copies.Append(Tail("other", 0, 1)).Refusal);
        Assert.Equal((1, 2), _copies.Append(Tail("run", 0, 2)).Last);
        Assert.Equal((1, 2), _copies.Append(Tail("run", 3, 1)).Last);
        Assert.Equal((1, 4), _copies.Append(Tail("run", 1, 3)).Last);
        _copies.Dispose();
        _copies = Open();
        var held = _copies.Held("run");
        Assert.Equal((1, 4), (held.Term, held.Sequence));
        using var writer = LedgerWriter.Open(_scratch["ledger.db"]);
        using (var blob = _held.Store.Open(held.Ledger).Reading!)
            Assert.Equal((1, 4), LedgerText.Import(blob, writer));
        writer.Flush();
        using var reader = LedgerReader.Open(writer.Path);
        Assert.Equal(Enumerable.Range(1, 4).Select(number => (LedgerEvent)Began(number)), reader.Events());
    }

    [Fact]
    public async Task Take_WithALedger_HoldsItsEvents()
    {
        using (var writer = LedgerWriter.Open(_scratch["source.db"]))
            for (var number = 1; number <= 3; number++)
                writer.Record(Began(number));
        var ledger = LedgerText.Export(_scratch["source.db"], _source.Store);
        var state = await TakeAsync("run", 1, ledger.Sha256, ["a"]);
        Assert.Equal((1, 3), state.Last);
        Assert.Equal((ledger.Sha256, 1L, 3L), (_copies.Held("run").Ledger, _copies.Held("run").Term, _copies.Held("run").Sequence));
    }

    [Fact]
    public async Task Append_WhereACoordinatorWroteThatNobodyHeardOf_FollowsTheLedgerThatCameLast()
    {
        Assert.Equal((2, 6), (await TakeAsync("run", 1, Ledger("unheard.db", term: 2, events: 6), ["a"])).Last);
        Assert.Equal((1, 3), (await TakeAsync("run", 2, Ledger("heard.db", term: 1, events: 3), ["a"])).Last);
        Assert.Equal((1, 4), _copies.Append(Tail("run", 3, 1)).Last);
        using var writer = LedgerWriter.Open(_scratch["ledger.db"]);
        using (var blob = _held.Store.Open(_copies.Held("run").Ledger).Reading!)
            LedgerText.Import(blob, writer);
        writer.Flush();
        using var reader = LedgerReader.Open(writer.Path);
        Assert.Contains(Began(4), reader.Events());
    }

    private string Ledger(string name, long term, int events)
    {
        using (var writer = LedgerWriter.Open(_scratch[name]))
            for (var number = 1; number <= events; number++)
                writer.Record(Began(number) with { At = new LedgerPlace(term, number, 0, 0) });
        return LedgerText.Export(_scratch[name], _source.Store).Sha256;
    }

    private static NodeOptions Options() => new() { Roles = NodeRoles.None, HostName = "127.0.0.1" };

    private static TermBegan Began(int number) => new($"c{number}") { At = new LedgerPlace(1, number, 0, 0) };

    private static LedgerTail Tail(string run, int after, int count) =>
        new(run, after == 0 ? 0 : 1, after, [.. Enumerable.Range(after + 1, count).Select(Began)]);

    private static IEnumerable<string> Names(params string[] contents) => contents.Select(content => Formats.StoredContent.Of(System.Text.Encoding.UTF8.GetBytes(content)).Sha256);

    private CopyDirectory Open() => new(_held, _scratch.Path, _to.Meet, _ => { });

    private Task<CopyState> TakeAsync(string run, long number, params string[] contents) => TakeAsync(run, number, ledger: null, contents);

    private Task<CopyState> TakeAsync(string run, long number, string? ledger, string[] contents)
    {
        var pieces = contents.Select(content => _source.Store.Put(System.Text.Encoding.UTF8.GetBytes(content))).Select(stored => new CopiedPiece(stored.Bytes, stored.Sha256)).ToImmutableArray();
        var index = new CopyIndex(run, number, 0, 0, [], [new CopiedFile(CopyIndex.MetricsFile, pieces)]);
        return _copies.TakeAsync(new CopyOrder(run, _source.Store.Put(index.ToJson()).Sha256, _from.Endpoint.On("127.0.0.1"), ledger ?? ""));
    }
}
