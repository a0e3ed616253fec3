using DistRnn.Formats;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>A blob arrives in pieces, over broken connections and restarts, from senders that are not trusted.</summary>
public sealed class BlobReceiverTests : IDisposable
{
    private static readonly byte[] s_content = BlobStoreTests.Content(100_000);
    private static readonly string s_name = BlobStoreTests.NameOf(s_content);

    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Receive_InPieces_MakesTheBlobAtTheEndOnly()
    {
        var store = Open();
        using var receiver = Begin(store);
        for (var offset = 0; offset < s_content.Length; offset += 999)
        {
            Assert.False(store.Has(s_name));
            Assert.Null(receiver.Write(offset, s_content.AsSpan(offset, Math.Min(999, s_content.Length - offset))));
        }
        Assert.Null(receiver.Complete());
        Assert.Equal(s_content, store.Read(s_name).Bytes);
        Assert.Equal(s_content.Length, store.Bytes);
        Assert.True(store.BeginReceive(s_name, s_content.Length).IsThere);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(70_000)]
    [InlineData(100_000)]
    public void Receive_AfterARestart_GoesOnWhereItWas(int arrived)
    {
        using (var first = Begin(Open()))
            Assert.Null(first.Write(0, s_content.AsSpan(0, arrived)));
        var store = Open();
        using var second = Begin(store);
        Assert.Equal(arrived, second.Received);
        Assert.Null(second.Write(arrived, s_content.AsSpan(arrived)));
        Assert.Null(second.Complete());
        Assert.Equal(s_content, store.Read(s_name).Bytes);
    }

    [Fact]
    public void Write_WhatHasArrived_ChangesNothing()
    {
        using var receiver = Begin(Open());
        Assert.Null(receiver.Write(0, s_content.AsSpan(0, 600)));
        Assert.Null(receiver.Write(100, new byte[300]));
        Assert.Equal(600, receiver.Received);
        Assert.Null(receiver.Write(500, s_content.AsSpan(500)));
        Assert.Null(receiver.Complete());
    }

    [Theory]
    [InlineData(1, 10, "byte 0 is next")]
    [InlineData(-1, 10, "byte 0 is next")]
    [InlineData(long.MaxValue, 10, "byte 0 is next")]
    [InlineData(0, 100_001, "the blob has 100000")]
    public void Write_APieceThatDoesNotFit_IsRefusedAndChangesNothing(long offset, int length, string reason)
    {
        using var receiver = Begin(Open());
        Assert.Contains(reason, receiver.Write(offset, new byte[length]), StringComparison.Ordinal);
        Assert.Equal(0, receiver.Received);
    }

    [Fact]
    public void Complete_ADifferentContent_IsDeletedAndBeginsAnew()
    {
        var store = Open();
        using (var receiver = Begin(store))
        {
            Assert.Null(receiver.Write(0, new byte[s_content.Length]));
            Assert.Contains("has been deleted", receiver.Complete(), StringComparison.Ordinal);
            Assert.Throws<ObjectDisposedException>(() => receiver.Write(0, default));
        }
        Assert.False(store.Has(s_name));
        using var next = Begin(store);
        Assert.Equal(0, next.Received);
    }

    [Fact]
    public void Complete_TooEarly_KeepsWhatArrived()
    {
        var store = Open();
        using (var receiver = Begin(store))
        {
            Assert.Null(receiver.Write(0, s_content.AsSpan(0, 500)));
            Assert.Contains("Only 500 of the 100000", receiver.Complete(), StringComparison.Ordinal);
        }
        using var next = Begin(store);
        Assert.Equal(500, next.Received);
    }

    [Fact]
    public void BeginReceive_WhatIsNotAllowed_IsRefusedInASentence()
    {
        var store = BlobStore.Open(_scratch["blobs"], new BlobStoreOptions { BlobBytesMax = 1000, ReceivesMax = 2 });
        Assert.Contains("64 hexadecimal digits", store.BeginReceive("../../x", 1).Refusal, StringComparison.Ordinal);
        Assert.Contains("-1 bytes", store.BeginReceive(s_name, -1).Refusal, StringComparison.Ordinal);
        Assert.Contains("allowed are 1000", store.BeginReceive(s_name, long.MaxValue).Refusal, StringComparison.Ordinal);
        using var first = store.BeginReceive(s_name, 1000).Receiver!;
        Assert.Contains("being received already", store.BeginReceive(s_name, 1000).Refusal, StringComparison.Ordinal);
        using (store.BeginReceive(new string('a', 64), 1000).Receiver!)
            Assert.Contains("receiving 2 blobs", store.BeginReceive(new string('b', 64), 1000).Refusal, StringComparison.Ordinal);
        using var third = store.BeginReceive(new string('b', 64), 1000).Receiver;
        Assert.NotNull(third);
    }

    [Fact]
    public void Receive_OnAFullDisk_SaysSoAndAnotherReceiverMayBegin()
    {
        var files = FailingFiles.WithRoomFor(600);
        var store = BlobStore.Open(_scratch["blobs"], files: files);
        var receiver = store.BeginReceive(s_name, s_content.Length).Receiver!;
        Assert.Null(receiver.Write(0, s_content.AsSpan(0, 600)));
        Assert.Contains("No space left", Assert.Throws<StorageException>(() => receiver.Write(600, s_content.AsSpan(600))).Message, StringComparison.Ordinal);
        Assert.Equal(1, files.Failures);
        Assert.False(store.Has(s_name));
        using var next = Begin(Open());
        Assert.Equal(600, next.Received);
    }

    [Fact]
    public void Prune_WhatHasArrived_GoesUnlessItIsBeingReceivedOrLive()
    {
        var store = Open();
        using (var receiver = Begin(store))
        {
            receiver.Write(0, s_content.AsSpan(0, 500));
            store.Prune(new HashSet<string>());
        }
        using (var kept = Begin(store))
            Assert.Equal(500, kept.Received);
        store.Prune(new HashSet<string> { s_name });
        using (var kept = Begin(store))
            Assert.Equal(500, kept.Received);
        store.Prune(new HashSet<string>());
        using var next = Begin(store);
        Assert.Equal(0, next.Received);
    }

    private static BlobReceiver Begin(BlobStore store)
    {
        var receipt = store.BeginReceive(s_name, s_content.Length);
        Assert.Null(receipt.Refusal);
        return receipt.Receiver!;
    }

    private BlobStore Open() => BlobStore.Open(_scratch["blobs"]);
}
