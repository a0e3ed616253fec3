using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Training.Tests;

public sealed class JobNetworkTests
{
    [Fact]
    public void OptionsOf_ATaggerOfCharactersAndChains_SayBoth()
    {
        using var space = new Workspace();
        var job = space.Job(Workspace.ChainTagging);
        using var data = TaskData.Load(JobData.OptionsOf(job), job.Seed);

        var options = JobNetwork.OptionsOf(job, data);

        Assert.Equal((HeadKind.Crf, 5, data.Characters!.Count), (options.Head, options.Characters, options.CharacterVocabulary));
        using var plain = TaskData.Load(JobData.OptionsOf(space.Job(Workspace.Tagging)), job.Seed);
        Assert.Equal((HeadKind.ClassPerStep, 0, 0), JobNetwork.OptionsOf(space.Job(Workspace.Tagging), plain) is var other ? (other.Head, other.Characters, other.CharacterVocabulary) : default);
    }

    [Fact]
    public void OptionsOf_CharactersOfNumbers_IsAnErrorThatNamesTheKey()
    {
        using var space = new Workspace();
        space.Write("numbers.jsonl", "{\"sequence\": [[0, 1], [1, 1]], \"labels\": [\"a\", \"b\"]}\n");
        var job = space.Job("task: tagging\ndata: {format: jsonl, train: numbers.jsonl}\nmodel: {characters: 8, hidden: 4}\n");
        using var data = TaskData.Load(JobData.OptionsOf(job), job.Seed);

        var error = Assert.Throws<InvalidInputException>(() => JobNetwork.OptionsOf(job, data));

        Assert.Contains("'model.characters' is 8, but the data has numbers and no tokens; allowed is none.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OptionsOf_AChainOverNumbers_IsAllowed()
    {
        using var space = new Workspace();
        space.Write("numbers.jsonl", "{\"sequence\": [[0, 1], [1, 1]], \"labels\": [\"a\", \"b\"]}\n");
        var job = space.Job("task: tagging\ndata: {format: jsonl, train: numbers.jsonl}\nmodel: {output: crf, hidden: 4}\ntraining: {epochs: 1}\n");
        Assert.Equal(RunStatus.Completed, space.Train(job, "run").Status);
    }
}
