using DistRnn.Formats;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>What is in the store is whole and has its name; what is not, is absent.</summary>
public sealed class BlobStoreTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Put_BytesStreamAndFile_HaveTheNameOfTheirContent()
    {
        var store = BlobStore.Open(_scratch["blobs"]);
        var content = Content(300_000);
        var expected = StoredContent.Of(content);
        Assert.Equal(expected, store.Put(content));
        Assert.Equal(expected, store.Put(new MemoryStream(content)));
        File.WriteAllBytes(_scratch["file"], content);
        Assert.Equal(expected, store.PutFile(_scratch["file"], expected.Sha256));
        Assert.Equal([expected.Sha256], store.List());
        Assert.Equal(content.Length, store.Bytes);
        Assert.Equal(content, store.Read(expected.Sha256).Bytes);
        Assert.True(File.Exists(Path.Combine(_scratch["blobs"], expected.Sha256[..2], expected.Sha256)));
    }

    [Fact]
    public void Put_WhatIsThere_WritesNothing()
    {
        var files = FailingFiles.WithRoomFor(1000);
        var store = BlobStore.Open(_scratch["blobs"], files: files);
        store.Put(Content(900));
        store.Put(Content(900));
        Assert.Equal(1, files.Created);
        Assert.Equal(0, files.Failures);
    }

    [Fact]
    public void Put_AnotherContentThanExpected_IsRefusedAndLeavesNothing()
    {
        var store = BlobStore.Open(_scratch["blobs"]);
        var error = Assert.Throws<StorageException>(() => store.Put(new MemoryStream(Content(10)), NameOf(Content(11))));
        Assert.Contains(NameOf(Content(11)), error.Message, StringComparison.Ordinal);
        AssertEmpty(store);
    }

    [Fact]
    public void Put_ByManyAtOnce_LeavesOneBlobAndItsBytes()
    {
        var store = BlobStore.Open(_scratch["blobs"]);
        var content = Content(50_000);
        Parallel.For(0, 16, i => store.Put(new MemoryStream(i % 2 == 0 ? content : Content(100))));
        Assert.Equal(2, store.List().Count);
        Assert.Equal(50_100, store.Bytes);
        Assert.Equal(content, store.Read(NameOf(content)).Bytes);
    }

    [Fact]
    public void Put_OnADiskThatFailsAtAnyMoment_LeavesTheWholeBlobOrNone()
    {
        var content = Content(1000);
        for (var operations = 1; ; operations++)
        {
            var directory = _scratch[FormattableString.Invariant($"failing-{operations}")];
            var files = FailingFiles.FailingAfter(operations);
            var store = BlobStore.Open(directory, files: files);
            if (Record.Exception(() => store.Put(content)) is { } error)
                Assert.Contains(directory, Assert.IsType<StorageException>(error).Message, StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFiles(Path.Combine(directory, "incoming")));
            var found = BlobStore.Open(directory).Read(NameOf(content)).Bytes;
            Assert.True(found is null || found.AsSpan().SequenceEqual(content));
            if (files.Failures == 0)
            {
                Assert.NotNull(found);
                Assert.True(operations > 4, "Creating, syncing, renaming and syncing the directory can all fail.");
                return;
            }
        }
    }

    [Fact]
    public void Put_OnAFullDisk_SaysSoAndLeavesNothing()
    {
        var files = FailingFiles.WithRoomFor(500);
        var store = BlobStore.Open(_scratch["blobs"], files: files);
        var error = Assert.Throws<StorageException>(() => store.Put(new MemoryStream(Content(501))));
        Assert.Contains("No space left", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, files.Failures);
        AssertEmpty(store);
    }

    [Fact]
    public void Open_WhereAFileIs_SaysThatTheDirectoryCannotBeUsed()
    {
        _scratch.Write("blobs", "no directory");
        var error = Assert.Throws<StorageException>(() => BlobStore.Open(_scratch["blobs"]));
        Assert.Contains(_scratch["blobs"], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Probe_LeavesWhatThereIs_AndSaysWhatCannotBeUsed()
    {
        var name = BlobStore.Open(_scratch["blobs"]).Put(Content(5)).Sha256;
        BlobStore.Probe(_scratch["blobs"]);
        Assert.Equal([name], BlobStore.Open(_scratch["blobs"]).List());
        _scratch.Write("file", "no directory");
        Assert.Contains("cannot be used", Assert.Throws<StorageException>(() => BlobStore.Probe(_scratch["file"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Put_BeyondTheLimits_IsRefused()
    {
        var store = BlobStore.Open(_scratch["blobs"], new BlobStoreOptions { BlobBytesMax = 100, StoreBytesMax = 150 });
        Assert.Contains("allowed are 100", Assert.Throws<StorageException>(() => store.Put(new MemoryStream(Content(101)))).Message, StringComparison.Ordinal);
        store.Put(Content(100));
        Assert.Contains("does not fit", Assert.Throws<StorageException>(() => store.Put(Content(51))).Message, StringComparison.Ordinal);
        store.Put(Content(50));
        Assert.Equal(150, store.Bytes);
    }

    [Fact]
    public void Read_ADamagedBlob_DeletesItAndItIsAbsent()
    {
        var store = BlobStore.Open(_scratch["blobs"]);
        var name = store.Put(Content(1000)).Sha256;
        Assert.NotNull(store.Read(name).Bytes);
        FlipAByteOf(name);
        var found = store.Read(name);
        Assert.Null(found.Bytes);
        Assert.Contains("damaged", found.Refusal, StringComparison.Ordinal);
        Assert.False(store.Has(name));
        Assert.Equal(1, store.DamagedBlobs);
        Assert.Equal(0, store.Bytes);
        Assert.Contains("There is no blob", store.Read(name).Refusal, StringComparison.Ordinal);
        store.Put(Content(1000));
        Assert.NotNull(store.Read(name).Bytes);
    }

    [Fact]
    public void Read_MoreThanTheCallerTakes_IsRefused()
    {
        var store = BlobStore.Open(_scratch["blobs"]);
        var name = store.Put(Content(1000)).Sha256;
        Assert.Contains("1000 bytes; 999", store.Read(name, 999).Refusal, StringComparison.Ordinal);
        Assert.Equal(1000, store.Read(name, 1000).Bytes?.Length);
    }

    [Fact]
    public void Open_ABlob_ReadsAnyPieceAlsoWhenItIsDeletedMeanwhile()
    {
        var store = BlobStore.Open(_scratch["blobs"]);
        var content = Content(1000);
        using var reading = store.Open(store.Put(content).Sha256).Reading!;
        store.Prune(new HashSet<string>());
        var piece = new byte[300];
        Assert.Equal(300, reading.Read(400, piece));
        Assert.Equal(content[400..700], piece);
        Assert.Equal(100, reading.Read(900, piece));
        Assert.Equal(0, reading.Read(1000, piece));
        Assert.Throws<ArgumentOutOfRangeException>(() => reading.Read(1001, piece));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../etc/passwd")]
    [InlineData("ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789")]
    public void Has_WhatIsNoName_IsABrokenCaller(string name)
    {
        var store = BlobStore.Open(_scratch["blobs"]);
        Assert.False(BlobName.IsValid(name));
        Assert.Throws<ArgumentException>(() => store.Has(name));
        Assert.Throws<ArgumentException>(() => store.Open(name));
    }

    [Fact]
    public void Prune_Blobs_KeepsTheLiveAndTheRetained()
    {
        var store = BlobStore.Open(_scratch["blobs"]);
        string[] names = [.. Enumerable.Range(1, 4).Select(size => store.Put(Content(size)).Sha256)];
        var (first, second) = (store.Retain(names[1]), store.Retain(names[1]));
        Assert.Equal((2, 3L + 4), store.Prune(new HashSet<string> { names[0] }));
        Assert.Equal(names[..2].Order(StringComparer.Ordinal), store.List());
        first.Dispose();
        first.Dispose();
        Assert.Equal((0, 0L), store.Prune(new HashSet<string> { names[0] }));
        second.Dispose();
        Assert.Equal((1, 2L), store.Prune(new HashSet<string> { names[0] }));
        Assert.Equal(1, store.Bytes);
    }

    internal static byte[] Content(int size) => [.. Enumerable.Range(0, size).Select(i => (byte)(i * 31 + i / 256 + size))];

    internal static string NameOf(byte[] content) => StoredContent.Of(content).Sha256;

    private void FlipAByteOf(string name)
    {
        var path = Path.Combine(_scratch["blobs"], name[..2], name);
        var content = File.ReadAllBytes(path);
        content[content.Length / 2] ^= 4;
        File.WriteAllBytes(path, content);
        File.SetLastWriteTimeUtc(path, new DateTime(2001, 2, 3, 0, 0, 0, DateTimeKind.Utc));
    }

    private void AssertEmpty(BlobStore store)
    {
        Assert.Empty(store.List());
        Assert.Equal(0, store.Bytes);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_scratch["blobs"], "incoming")));
    }
}
