using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Formats.Tests;

public sealed class CheckpointDirectoryTests : IDisposable
{
    private static readonly string[] s_parts = ["parameters.safetensors", "optimizer.safetensors", "lanes.safetensors", "position.json"];

    private readonly TemporaryDirectory _directory = new();

    private string Root => _directory["checkpoints"];

    public void Dispose() => _directory.Dispose();

    private static Manifest ManifestOf(long step) => new() { Step = step, Epoch = 2, JobSha256 = "job", DataDigest = "data", Fingerprint = "print", Parts = [] };

    private static Manifest Write(CheckpointDirectory checkpoints, long step) =>
        checkpoints.Write(ManifestOf(step), [.. s_parts.Select(name => new CheckpointPart(name, stream => stream.Write(ContentOf(name, step))))]);

    private static byte[] ContentOf(string name, long step) => [.. Enumerable.Range(0, 50).Select(i => (byte)(i * 7 + name.Length + step))];

    private CheckpointDirectory WithSteps(params long[] steps)
    {
        var checkpoints = new CheckpointDirectory(Root, new UnsyncedStore());
        foreach (var step in steps)
            Write(checkpoints, step);
        return checkpoints;
    }

    [Fact]
    public void FindNewestComplete_Several_IsTheNewestByNumber()
    {
        var search = WithSteps(9, 100, 20).FindNewestComplete();
        Assert.Empty(search.Defects);
        Assert.Equal(100, search.Newest!.Manifest.Step);
        Assert.Equal("data", search.Newest.Manifest.DataDigest);
        Assert.Equal(s_parts, search.Newest.Manifest.Parts.Select(part => part.Name));
        Assert.Equal(ContentOf("position.json", 100), File.ReadAllBytes(search.Newest.PathOf("position.json")));
        Assert.False(search.Newest.Has("ledger"));
        Assert.Throws<InvalidInputException>(() => search.Newest.PathOf("ledger"));
    }

    [Fact]
    public void Write_OnTheDiskItself_IsFoundAgain()
    {
        Write(new CheckpointDirectory(Root), 5);
        Assert.Equal(5, new CheckpointDirectory(Root).FindNewestComplete().Newest!.Manifest.Step);
    }

    [Fact]
    public void FindNewestComplete_None_IsNothing()
    {
        var search = new CheckpointDirectory(Root).FindNewestComplete();
        Assert.Null(search.Newest);
        Assert.Empty(search.Defects);
        Assert.Contains("there are none", Assert.Throws<InvalidInputException>(() => new CheckpointDirectory(Root).Open(3)).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string> Files => [.. s_parts, Checkpoint.ManifestName];

    [Theory]
    [MemberData(nameof(Files))]
    public void FindNewestComplete_FileCutShort_TakesTheOlderAndNamesTheFile(string name)
    {
        var checkpoints = WithSteps(10, 20);
        var path = Path.Combine(checkpoints.PathOf(20), name);
        var content = File.ReadAllBytes(path);
        foreach (var length in new[] { 0, 1, content.Length / 2, content.Length - 2 })
        {
            File.WriteAllBytes(path, content[..length]);
            AssertFallsBack(checkpoints, name);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void FindNewestComplete_FileMissing_TakesTheOlderAndNamesTheFile(string name)
    {
        var checkpoints = WithSteps(10, 20);
        File.Delete(Path.Combine(checkpoints.PathOf(20), name));
        AssertFallsBack(checkpoints, name);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void FindNewestComplete_AnyBitFlipped_TakesTheOlder(string name)
    {
        var checkpoints = WithSteps(10, 20);
        var path = Path.Combine(checkpoints.PathOf(20), name);
        var content = File.ReadAllBytes(path);
        var written = File.ReadAllText(Path.Combine(checkpoints.PathOf(20), Checkpoint.ManifestName));
        var caught = 0;
        for (var bit = 0; bit < content.Length * 8; bit += name == Checkpoint.ManifestName ? 5 : 7)
        {
            var damaged = content.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(path, damaged);
            var search = checkpoints.FindNewestComplete();
            caught += search.Newest!.Manifest.Step == 10 ? 1 : 0;
            if (search.Newest.Manifest.Step == 20)
                Assert.Equal(written, System.Text.Encoding.UTF8.GetString(search.Newest.Manifest.ToJson()));
            else
                Assert.Contains(name, Assert.Single(search.Defects).Reason, StringComparison.Ordinal);
        }
        Assert.True(caught > content.Length / 4);
    }

    [Fact]
    public void FindNewestComplete_AllDamaged_NamesEachNewestFirst()
    {
        var checkpoints = WithSteps(10, 20);
        File.Delete(Path.Combine(checkpoints.PathOf(10), "lanes.safetensors"));
        File.Delete(Path.Combine(checkpoints.PathOf(20), Checkpoint.ManifestName));
        var search = checkpoints.FindNewestComplete();
        Assert.Null(search.Newest);
        Assert.Equal([20, 10], search.Defects.Select(defect => defect.Step));
        Assert.Contains("its writing was cut off", search.Defects[0].Reason, StringComparison.Ordinal);
        Assert.Contains("lanes.safetensors is missing", search.Defects[1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ManifestOfAnotherStepOrWithAPathForAName_IsRefused()
    {
        var checkpoints = WithSteps(10);
        Directory.Move(checkpoints.PathOf(10), checkpoints.PathOf(30));
        Assert.Contains("is of step 10, not 30", Assert.Single(checkpoints.FindNewestComplete().Defects).Reason, StringComparison.Ordinal);
        var hostile = ManifestOf(30) with { Parts = [new ManifestPart("../../secret", 1, new string('0', 64))] };
        File.WriteAllBytes(Path.Combine(checkpoints.PathOf(30), Checkpoint.ManifestName), hostile.ToJson());
        Assert.Contains("'../../secret', which is no file's name", Assert.Single(checkpoints.FindNewestComplete().Defects).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_SameStepAgain_ReplacesIt()
    {
        var checkpoints = WithSteps(10);
        checkpoints.Write(ManifestOf(10), [new CheckpointPart("position.json", stream => stream.Write("new"u8))]);
        Assert.Equal("new", File.ReadAllText(checkpoints.FindNewestComplete().Newest!.PathOf("position.json")));
    }

    [Fact]
    public void Write_FullDiskAnywhere_LeavesTheOlderOneAndNothingHalfWritten()
    {
        WithSteps(10);
        var size = Directory.GetFiles(new CheckpointDirectory(Root).PathOf(10)).Sum(file => new FileInfo(file).Length);
        for (long room = 0; room < size; room += 13)
        {
            var store = FailingStore.WithRoomFor(room);
            var error = Assert.Throws<StorageException>(() => Write(new CheckpointDirectory(Root, store), 20));
            Assert.Equal(1, store.Failures);
            Assert.Contains("cannot be written: No space left on device.", error.Message, StringComparison.Ordinal);
            Assert.Equal([10], new CheckpointDirectory(Root).Steps);
            Assert.Equal(10, new CheckpointDirectory(Root).FindNewestComplete().Newest!.Manifest.Step);
        }
    }

    [Fact]
    public void Write_FailureOfAnyOperation_NeverLeavesWhatCannotBeRead()
    {
        WithSteps(10);
        var operations = 0;
        for (; ; operations++)
        {
            var store = FailingStore.FailingAfter(operations);
            try
            {
                Write(new CheckpointDirectory(Root, store), 20);
                break;
            }
            catch (StorageException)
            {
                Assert.True(store.Failures > 0);
            }
            var search = new CheckpointDirectory(Root).FindNewestComplete();
            Assert.Equal(10, search.Newest!.Manifest.Step);
        }
        Assert.True(operations > 20);
        Assert.Equal(20, new CheckpointDirectory(Root).FindNewestComplete().Newest!.Manifest.Step);
    }

    [Fact]
    public void Write_FileInTheWay_SaysWhichDirectory()
    {
        File.WriteAllText(Root, "");
        Assert.Contains("step-10 cannot be written: ", Assert.Throws<StorageException>(() => WithSteps(10)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_PartTwiceOrNamedAsTheManifest_IsRefused()
    {
        var checkpoints = new CheckpointDirectory(Root);
        CheckpointPart part = new("a", stream => stream.WriteByte(1)), manifest = new(Checkpoint.ManifestName, stream => stream.WriteByte(1));
        Assert.Throws<ArgumentException>(() => checkpoints.Write(ManifestOf(1), [part, part]));
        Assert.Throws<ArgumentException>(() => checkpoints.Write(ManifestOf(1), [manifest]));
        Assert.Empty(checkpoints.Steps);
    }

    [Fact]
    public void Prune_ManyAndOnePinned_KeepsTheNewestAndThePinned()
    {
        var checkpoints = WithSteps(1, 2, 3, 4, 5, 6);
        checkpoints.Prune(2, [3]);
        Assert.Equal([3, 5, 6], checkpoints.Steps);
        checkpoints.Prune(5, [3]);
        Assert.Equal([3, 5, 6], checkpoints.Steps);
    }

    [Fact]
    public void Prune_LeftoversWithoutAManifest_DoNotCountAndGo()
    {
        var checkpoints = WithSteps(1, 2, 3);
        File.Delete(Path.Combine(checkpoints.PathOf(3), Checkpoint.ManifestName));
        checkpoints.Prune(1, []);
        Assert.Equal([2], checkpoints.Steps);
    }

    [Fact]
    public void Prune_CutOffWhileDeleting_LeavesNoCheckpointThatLooksWhole()
    {
        WithSteps(1, 2);
        var store = FailingStore.FailingAfter(1);
        Assert.Throws<StorageException>(() => new CheckpointDirectory(Root, store).Prune(1, []));
        Assert.Equal(1, store.Failures);
        Assert.False(File.Exists(Path.Combine(new CheckpointDirectory(Root).PathOf(1), Checkpoint.ManifestName)));
        Assert.Equal(2, new CheckpointDirectory(Root).FindNewestComplete().Newest!.Manifest.Step);
        new CheckpointDirectory(Root).Prune(1, []);
        Assert.Equal([2], new CheckpointDirectory(Root).Steps);
    }

    [Fact]
    public void Steps_OtherNames_ArePassedOver()
    {
        var checkpoints = WithSteps(7);
        foreach (var name in new[] { "step-", "step-x", "step-07", "step--1", "other" })
            Directory.CreateDirectory(Path.Combine(Root, name));
        Assert.Equal([7], checkpoints.Steps);
    }

    private static void AssertFallsBack(CheckpointDirectory checkpoints, string name)
    {
        var search = checkpoints.FindNewestComplete();
        Assert.Equal(10, search.Newest!.Manifest.Step);
        var defect = Assert.Single(search.Defects);
        Assert.Equal(20, defect.Step);
        Assert.Contains(name, defect.Reason, StringComparison.Ordinal);
    }
}
