using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Training.Tests;

/// <summary>Models with what few jobs ask for, as jobs: they learn, to the same bits on any number of threads, and can be saved and used.</summary>
public sealed class RefinedModelTests
{
    public static TheoryData<string, string, string[]> Refinements => new()
    {
        { Workspace.LanguageModel, "loss", ["model.tie-weights=true", "model.embedding=8"] },
        { Workspace.Classification, "loss", ["model.pooling=attention"] },
        { Workspace.Tagging, "loss", ["model.dropout.recurrent=0.1", "model.cell=gru"] },
    };

    [Theory]
    [MemberData(nameof(Refinements))]
    public void Run_RefinedModel_LearnsToTheSameBitsOnOneThreadOrTwo(string yaml, string metric, string[] sets)
    {
        using var space = new Workspace();
        var job = space.Job(yaml, sets);

        var one = space.Train(job, "one");
        var two = space.Train(job, "two", threads: 2);
        var longer = space.Train(space.Job(yaml, [.. sets, "training.epochs=12"]), "longer");

        Assert.Equal(one.Fingerprint, two.Fingerprint);
        Assert.NotEqual(one.Fingerprint, space.Train(space.Job(yaml), "plain").Fingerprint);
        Assert.True(longer.Valid[metric] < 0.9 * one.Valid[metric], $"{metric} is {longer.Valid[metric]} after twelve epochs and {one.Valid[metric]} after three.");
        using var saved = SavedModel.Open(space.PathOf("one"), threads: 1);
        Assert.Equal(one.Valid[metric], saved.Evaluate(SilentProgress.Instance).Single(part => part.Part == "valid").Metrics[metric]);
    }

    [Fact]
    public void Run_TiedWeightsOfUnequalSizes_IsRefused()
    {
        using var space = new Workspace();

        var error = Assert.Throws<InvalidInputException>(() => space.Train(space.Job(Workspace.LanguageModel, "model.tie-weights=true"), "run"));

        Assert.Contains("'model.embedding' is 5 and the last layer has 8 units", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_EmbeddingOfATiedModel_StartsAnother()
    {
        using var space = new Workspace();
        string[] sets = ["model.tie-weights=true", "model.embedding=8", "data.tokens=word"];
        space.Train(space.Job(Workspace.LanguageModel, sets), "first");
        var job = space.Job(Workspace.LanguageModel, [.. sets, "training.learning-rate=1e-30", "model.embedding-from=" + space.PathOf("first")]);

        space.Train(job, "second");

        using var first = SavedModel.Open(space.PathOf("first"), threads: 1);
        using var second = SavedModel.Open(space.PathOf("second"), threads: 1);
        Assert.Equal(first.Vectors().Words, second.Vectors().Words);
        Assert.Equal(first.Vectors().Values, second.Vectors().Values);
    }
}
