using System.Text;
using DistRnn.Formats;
using DistRnn.Numerics;
using DistRnn.Training;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>A job that travelled as blobs is the same job: it trains to the same fingerprint, and nothing in a package leads out of its directory.</summary>
public sealed class JobPackageTests : IDisposable
{
    private readonly TinyJob _job = new();

    public void Dispose() => _job.Dispose();

    [Fact]
    public void LayOut_OnAnotherNode_TrainsToTheSameFingerprint()
    {
        var (sender, receiver) = (Store("sender"), Store("receiver"));
        var job = _job.Job();
        var created = JobPackage.Create(job, sender);
        var package = JobPackage.FromJson(created.ToJson(), "the package");
        Assert.Equal(created.Sha256, package.Sha256);
        Assert.Equal(package.Sha256, created.PutInto(sender).Sha256);
        Assert.Equal(["files/data.train/names.tsv", "files/data.valid/valid.tsv"], package.Files.Select(file => file.Name));
        Assert.Equal(2, package.MissingFrom(receiver).Length);
        Assert.Contains("There is no blob", package.LayOut(receiver, _job["cache"]).Refusal, StringComparison.Ordinal);
        foreach (var sha256 in package.MissingFrom(receiver))
            receiver.Put(sender.Read(sha256).Bytes);
        var there = package.LayOut(receiver, _job["cache"]).Job!;
        Assert.StartsWith(_job["cache"], there.Data.Train, StringComparison.Ordinal);
        Assert.Equal(_job.Train(job, _job["here"]).Fingerprint, _job.Train(there, _job["there"]).Fingerprint);
    }

    [Fact]
    public void LayOut_OfARunsOwnJob_CarriesTheDigestsAlong()
    {
        _job.Train(_job.Job(), _job["run"]);
        var job = JobFile.Read(_job["run/job.yaml"]);
        Assert.Equal(2, job.Data.Sha256.Count);
        var store = Store("blobs");
        var there = JobPackage.Create(job, store).LayOut(store, _job["cache"]).Job!;
        Assert.All(there.Data.Sha256.Keys, path => Assert.StartsWith(_job["cache"], path, StringComparison.Ordinal));
        _job.Train(there, _job["there"]);
        _job.Write("data/names.tsv", "good\tother\nbad\tdata\n");
        Assert.Contains("the data has changed", Assert.Throws<InvalidInputException>(() => JobPackage.Create(job, store)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LayOut_ADirectoryAndAnotherRun_BringsTheirFiles()
    {
        _job.Write("classes/good", "a fine day\nvery fine\n");
        _job.Write("classes/bad", "no good at all\nbad day\n");
        _job.Write("classes.yaml", "task: classification\ndata: {format: directory, train: classes}\nmodel: {embedding: 4, hidden: 6}\ntraining: {steps: 2, batch: 4}\n");
        var first = JobFile.Read(_job["classes.yaml"]);
        _job.Train(first, _job["first"]);
        var second = JobFile.Override(first, new JobOverrides { Sets = ["model.from=first"], WorkingDirectory = _job.Path });
        var store = Store("blobs");
        var package = JobPackage.Create(second, store);
        Assert.Contains("files/data.train/classes/bad", package.Files.Select(file => file.Name));
        Assert.Contains("files/model.from/first/model/model.safetensors", package.Files.Select(file => file.Name));
        Assert.DoesNotContain(package.Files, file => file.Name.Contains("checkpoints", StringComparison.Ordinal));
        var there = package.LayOut(store, _job["cache"]).Job!;
        Assert.Equal(_job.Train(second, _job["here"]).Fingerprint, _job.Train(there, _job["there"]).Fingerprint);
    }

    [Fact]
    public void Create_OfABuiltInJob_NeedsNoFiles()
    {
        var builtIn = BuiltInJobs.Find("sine")!;
        var store = Store("blobs");
        var package = JobPackage.Create(JobFile.Parse(builtIn.Yaml, builtIn.Name, builtIn.Name, _job.Path), store);
        Assert.Empty(package.Files);
        Assert.Equal("built-in:sine/sine.csv", package.LayOut(store, _job["cache"]).Job?.Data.Train);
    }

    [Fact]
    public void Create_WithAFileThatIsNotThere_NamesTheKey()
    {
        var error = Assert.Throws<InvalidInputException>(() => JobPackage.Create(_job.Job("data.valid=nowhere.tsv"), Store("blobs")));
        Assert.Contains("'data.valid'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LayOut_Twice_UsesWhatIsThereUnlessItIsDamaged()
    {
        var store = Store("blobs");
        var package = JobPackage.Create(_job.Job(), store);
        var path = package.LayOut(store, _job["cache"]).Job!.Data.Train;
        var time = new DateTime(2001, 2, 3, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(path, time);
        package.LayOut(store, _job["cache"]);
        Assert.Equal(time, File.GetLastWriteTimeUtc(path));
        var content = File.ReadAllBytes(path);
        File.WriteAllBytes(path, [.. content[..^1], (byte)'x']);
        package.LayOut(store, _job["cache"]);
        Assert.Equal(content, File.ReadAllBytes(path));
        Assert.Single(Directory.EnumerateFileSystemEntries(_job["cache"]));
    }

    [Fact]
    public void LayOut_WithADamagedBlob_SaysSoAndLeavesNothing()
    {
        var store = Store("blobs");
        var package = JobPackage.Create(_job.Job(), store);
        var blob = Path.Combine(_job["blobs"], package.Files[1].Sha256[..2], package.Files[1].Sha256);
        File.WriteAllText(blob, "something else");
        Assert.Contains("damaged", package.LayOut(store, _job["cache"]).Refusal, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_job["cache"]));
    }

    [Theory]
    [InlineData("files/data.train/names.tsv", "files/data.train/../../../etc/passwd")]
    [InlineData("files/data.train/names.tsv", "/etc/passwd")]
    [InlineData("files/data.train/names.tsv", "files/data.train/./x")]
    [InlineData("files/data.train/names.tsv", "files/data.train//x")]
    [InlineData("files/data.train/names.tsv", "files/data.train/a\\\\b")]
    [InlineData("files/data.train/names.tsv", "files/data.train/c:x")]
    [InlineData("files/data.train/names.tsv", "files/data.train/")]
    [InlineData("files/data.train/names.tsv", "files/data.valid/names.tsv")]
    [InlineData("\"key\":\"data.valid\",\"name\":\"files/data.valid/valid.tsv\"", "\"key\":\"data.train\",\"name\":\"files/data.train/names.tsv\"")]
    [InlineData("\"key\":\"data.valid\",\"name\":\"files/data.valid/valid.tsv\"", "\"key\":\"data.train\",\"name\":\"files/data.train/names.tsv/x\"")]
    [InlineData("\"name\":\"job\"", "\"name\":\"../job\"")]
    [InlineData("\"name\":\"job\"", "\"name\":null")]
    [InlineData("\"version\":1", "\"version\":2")]
    [InlineData("\"format\":\"distrnn-job\"", "\"format\":\"other\"")]
    [InlineData("\"bytes\":", "\"bytes\":-")]
    [InlineData("\"sha256\":\"", "\"sha256\":\"x")]
    [InlineData("{\"key\"", "null,{\"key\"")]
    public void FromJson_OfAHostilePackage_IsRefused(string found, string instead)
    {
        var json = Encoding.UTF8.GetString(JobPackage.Create(_job.Job(), Store("blobs")).ToJson());
        var changed = json.Replace(found, instead, StringComparison.Ordinal);
        Assert.NotEqual(json, changed);
        Assert.Contains("the package", Assert.Throws<InvalidInputException>(() => JobPackage.FromJson(Encoding.UTF8.GetBytes(changed), "the package")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../../secret")]
    [InlineData("files/data.valid/valid.tsv")]
    public void LayOut_OfAJobThatNamesWhatDidNotComeAlong_IsRefused(string path)
    {
        var store = Store("blobs");
        var json = Encoding.UTF8.GetString(JobPackage.Create(_job.Job(), store).ToJson());
        var changed = json.Replace("train: files/data.train/names.tsv", $"train: {path}", StringComparison.Ordinal);
        Assert.NotEqual(json, changed);
        var package = JobPackage.FromJson(Encoding.UTF8.GetBytes(changed), "the package");
        Assert.Contains("'data.train", Assert.Throws<InvalidInputException>(() => package.LayOut(store, _job["cache"])).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_job["cache"]));
    }

    [Fact]
    public void FromJson_OfMutatedPackages_RefusesOrReads()
    {
        var json = JobPackage.Create(_job.Job(), Store("blobs")).ToJson();
        var (refused, read) = (0, 0);
        for (var i = 0; i < 2000; i++)
        {
            var changed = (byte[])json.Clone();
            var chance = new Philox(7, PhiloxPurpose.Split, (ulong)i);
            changed[chance.Below(0, changed.Length)] = (byte)chance.Below(1, 256);
            try
            {
                JobPackage.FromJson(changed.AsSpan(0, i % 3 == 0 ? chance.Below(2, changed.Length) : changed.Length), "the package");
                read++;
            }
            catch (InvalidInputException)
            {
                refused++;
            }
        }
        Assert.True(refused > 500 && read > 50, FormattableString.Invariant($"{refused} were refused and {read} read."));
    }

    private BlobStore Store(string name) => BlobStore.Open(_job[name]);
}
