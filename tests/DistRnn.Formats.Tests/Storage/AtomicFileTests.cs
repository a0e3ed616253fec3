using System.Security.Cryptography;
using Xunit;

namespace DistRnn.Formats.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Target => _directory["file.txt"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Write_NewFile_HasTheContentAndItsDigest()
    {
        var content = AtomicFile.WriteText(Target, "one");
        Assert.Equal("one", File.ReadAllText(Target));
        Assert.Equal(new StoredContent(3, Convert.ToHexStringLower(SHA256.HashData("one"u8))), content);
        Assert.Equal([Target], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void Write_FileThatIsThere_ReplacesIt()
    {
        AtomicFile.WriteText(Target, "a longer text");
        AtomicFile.WriteText(Target, "two");
        Assert.Equal("two", File.ReadAllText(Target));
    }

    [Fact]
    public void Write_LeftoverOfAWriteThatWasCutOff_IsOverwritten()
    {
        File.WriteAllText(Target + ".part", "half of something much longer");
        AtomicFile.WriteText(Target, "two");
        Assert.Equal("two", File.ReadAllText(Target));
        Assert.Equal([Target], Directory.GetFileSystemEntries(_directory.Path));
        Assert.True(AtomicFile.IsTemporary(Target + ".part"));
        Assert.False(AtomicFile.IsTemporary(Target));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(99_999)]
    public void Write_FullDisk_LeavesTheOldFileAndNothingElse(int room)
    {
        AtomicFile.WriteText(Target, "old");
        var store = FailingStore.WithRoomFor(room);
        var error = Assert.Throws<StorageException>(() => AtomicFile.Write(Target, new byte[100_000], store));
        Assert.Equal(1, store.Failures);
        Assert.Equal($"{Target} cannot be written: No space left on device.", error.Message);
        Assert.Equal("old", File.ReadAllText(Target));
        Assert.Equal([Target], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void Write_FailureOfAnyOperation_LeavesOldOrNewWhole()
    {
        var failures = 0;
        for (var operations = 0; operations < 4; operations++)
        {
            AtomicFile.WriteText(Target, "old");
            var store = FailingStore.FailingAfter(operations);
            Assert.Throws<StorageException>(() => AtomicFile.WriteText(Target, "new", store));
            failures += store.Failures;
            Assert.Contains(File.ReadAllText(Target), new[] { "old", "new" });
            Assert.Equal([Target], Directory.GetFileSystemEntries(_directory.Path));
        }
        Assert.Equal(4, failures);
        AtomicFile.WriteText(Target, "new", FailingStore.FailingAfter(4));
        Assert.Equal("new", File.ReadAllText(Target));
    }

    [Fact]
    public void Write_ContentThatThrows_LeavesNothing()
    {
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(Target, stream =>
        {
            stream.Write("half"u8);
            throw new InvalidOperationException("no more");
        }));
        Assert.Empty(Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void Write_NoDirectory_SaysWhichFile() =>
        Assert.StartsWith(_directory["none/file"] + " cannot be written: ", Assert.Throws<StorageException>(() => AtomicFile.WriteText(_directory["none/file"], "x")).Message, StringComparison.Ordinal);

    [Fact]
    public void Write_DirectoryInTheWay_SaysSoAndLeavesNothing()
    {
        Directory.CreateDirectory(Target);
        Assert.Throws<StorageException>(() => AtomicFile.WriteText(Target, "x"));
        Assert.Equal([Target], Directory.GetFileSystemEntries(_directory.Path));
    }
}
