using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Training.Tests;

/// <summary>A translator from its job to the lines it says.</summary>
public sealed class TranslationTests
{
    [Fact]
    public void Translate_TaskThatIsLearned_SaysItAndLooksWhereItShould()
    {
        using var space = new Workspace();
        space.Write("pairs.tsv", Workspace.Pairs(1, 400));
        var job = space.Job(Workspace.Translation, "training.epochs=12", "training.learning-rate=0.01", "training.schedule=cosine", "model.hidden=32", "model.embedding=12", "model.dropout=0", "data.reverse-source=true", "training.keep=last");
        var summary = space.Train(job, "run");
        Assert.True(summary.Test["exact-match"] > 0.9, $"exact-match is {summary.Test["exact-match"]}");
        Assert.True(summary.Test["bleu"] > 90, $"bleu is {summary.Test["bleu"]}");
        using var model = SavedModel.Open(space.PathOf("run"), threads: 1);

        var translations = model.Translate(["abca", "", "d", "aaz"], beam: 3);

        Assert.Equal(["A B C A", "", "D"], translations.Take(3).Select(translation => translation.Text));
        Assert.Equal(["a", "b", "c", "a"], translations[0].Source);
        Assert.Equal((4, 4), (translations[0].Attention.Length, translations[0].Attention[0].Length));
        Assert.All(translations[0].Attention, weights => Assert.InRange(weights.Sum(), 0.999, 1.001));
        Assert.Equal(translations[2].Text, model.Translate(["d"])[0].Text);
    }

    [Fact]
    public void Job_WithPairsOfFiles_IsWrittenAndReadBack()
    {
        using var space = new Workspace();
        space.Write("a.txt", "a b\nb\n");
        space.Write("b.txt", "x\ny z\n");
        var job = space.Job("task: translation\ndata: {train: {source: a.txt, target: b.txt}, test: {source: a.txt, target: b.txt}, source-tokens: char}\nmodel: {embedding: 3, hidden: 4}\ntraining: {epochs: 1}\n");
        var text = JobFile.Write(job);
        Assert.Equal(text, JobFile.Write(space.Job(text)));
        Assert.Equal(RunStatus.Completed, space.Train(job, "run").Status);
    }

    [Fact]
    public void Job_TokensOfBothSides_AreSetByOneKey()
    {
        using var space = new Workspace();
        var job = space.Job("task: translation\ndata: {train: pairs.tsv, tokens: char, target-tokens: byte}\n");
        Assert.Equal(("char", "byte", "bleu"), (job.Data.SourceTokens, job.Data.TargetTokens, job.Training.Best));
    }

    [Fact]
    public void Translate_ModelOfAnotherTask_IsRefused()
    {
        using var space = new Workspace();
        space.Train(space.Job(Workspace.Tagging, "training.epochs=1"), "run");
        using var model = SavedModel.Open(space.PathOf("run"), threads: 1);
        Assert.Contains("only a translation model translates", Assert.Throws<InvalidInputException>(() => model.Translate(["a"])).Message, StringComparison.Ordinal);
    }
}
