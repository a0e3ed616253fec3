using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Training.Tests;

public sealed class JobOverrideTests
{
    private static readonly string s_job = JobText.Least("language-model") + "model: {hidden: 10, layers: 2}\ntraining: {epochs: 3}\n";

    [Fact]
    public void Sets_WinOverTheEnvironmentWhichWinsOverTheFile()
    {
        (string, string)[] environment = [("DISTRNN_MODEL__HIDDEN", "20"), ("DISTRNN_TRAINING__LEARNING_RATE", "0.5"), ("DISTRNN_SEED", "9")];
        var job = JobText.ParseWith(s_job, environment, "training.learning-rate=0.25");
        Assert.Equal([20, 20], job.Model.Hidden);
        Assert.Equal(0.25, job.Training.LearningRate);
        Assert.Equal(9ul, job.Seed);
    }

    [Fact]
    public void Environment_OtherVariables_ArePassedOver()
    {
        (string, string)[] environment = [("DISTRNN_SIMD", "256"), ("PATH", "x"), ("DISTRNN_UPDATE_API", "1")];
        Assert.Equal(JobFile.Write(JobText.Parse(s_job)), JobFile.Write(JobText.ParseWith(s_job, environment)));
    }

    [Fact]
    public void Environment_UnknownSection_IsRefused()
    {
        var error = Assert.Throws<InvalidInputException>(() => JobText.ParseWith(s_job, [("DISTRNN_MODEL__HIDEN", "20")]));
        Assert.Equal("environment variable DISTRNN_MODEL__HIDEN: 'model.hiden' is not a key of a job; the nearest known one is 'model.hidden'.", error.Message);
        Assert.Throws<InvalidInputException>(() => JobText.ParseWith(s_job, [("DISTRNN_X__Y", "20")]));
    }

    [Fact]
    public void Sets_StepsOrEpochs_DropTheOther()
    {
        var steps = JobText.Parse(s_job, "training.steps=30").Training;
        Assert.Equal((null, 30L), (steps.Epochs, steps.Steps));
        var epochs = JobText.Parse(s_job.Replace("epochs: 3", "steps: 7", StringComparison.Ordinal), "epochs=2").Training;
        Assert.Equal((2, null), (epochs.Epochs, epochs.Steps));
        Assert.Contains("give one of them", JobText.ErrorOf(s_job, "steps=3", "epochs=2"), StringComparison.Ordinal);
    }

    [Fact]
    public void Sets_EndOfAPath_NamesTheOneKeyThatFits()
    {
        var job = JobText.Parse(s_job, "hidden=[5, 6]", "layers=2", "dropout.output=0.5", "every-steps=10");
        Assert.Equal([5, 6], job.Model.Hidden);
        Assert.Equal(0.5, job.Model.Dropout.Output);
        Assert.Equal(10, job.Checkpoint.EverySteps);
        Assert.Equal("--set keep=last: 'keep' may be training.keep or checkpoint.keep; write one of them.", JobText.ErrorOf(s_job, "keep=last"));
    }

    [Fact]
    public void Sets_Layers_RepeatTheFilesHidden() => Assert.Equal([10, 10, 10], JobText.Parse(s_job, "model.layers=3").Model.Hidden);

    [Fact]
    public void Sets_Mapping_ReplacesWhatTheFileHas()
    {
        var file = "task: language-model\ndata: {train: a, split: {parts: {train: 0.8, valid: 0.1, test: 0.1}}}\n";
        var job = JobText.Parse(file, "data.split={parts: {train: 0.5, test: 0.5}}");
        Assert.Equal((new SplitPart(0.5, false), null), (job.Data.Split.Train!.Value, job.Data.Split.Valid));
        Assert.False(JobText.Parse(file, "data.split=none").Data.Split.IsGiven);
    }

    [Fact]
    public void Sets_Path_IsRelativeToTheWorkingDirectory()
    {
        var job = JobFile.Parse(s_job, "job.yaml", "job", Path.Combine(JobText.Directory, "a"), new JobOverrides { Sets = ["data.test=t.txt"], WorkingDirectory = Path.Combine(JobText.Directory, "b") });
        Assert.Equal((Path.Combine(JobText.Directory, "a", "train.txt"), Path.Combine(JobText.Directory, "b", "t.txt")), (job.Data.Train, job.Data.Test));
    }

    [Theory]
    [InlineData("model.hidden", "--set model.hidden: there is no '='; allowed is key=value, such as model.hidden=256.")]
    [InlineData("=3", "there is no '='")]
    [InlineData("model.hidden=", "--set model.hidden=: 'model.hidden' is empty")]
    [InlineData("model.hiden=3", "the nearest known one is 'model.hidden'")]
    [InlineData("model=3", "'model' is no mapping")]
    [InlineData("model.hidden=[3", "is not YAML")]
    public void Sets_ThatCannotBe_AreRefused(string set, string message) => Assert.Contains(message, JobText.ErrorOf(s_job, set), StringComparison.Ordinal);

    [Fact]
    public void Override_JobThatIsThere_KeepsTheRest()
    {
        var job = JobText.Parse(s_job);
        var changed = JobFile.Override(job, new JobOverrides { Sets = ["training.steps=5", "model.hidden=7"] });
        Assert.Equal((5L, 2), (changed.Training.Steps, changed.Model.Layers));
        Assert.Equal([7, 7], changed.Model.Hidden);
        Assert.Contains("cannot be changed", Assert.Throws<InvalidInputException>(() => JobFile.Override(job, new JobOverrides { Sets = ["task=tagging"] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OfProcess_EnvironmentOfNow_HasOnlyItsOwnVariables() =>
        Assert.All(JobOverrides.OfProcess([]).Environment, pair => Assert.StartsWith("DISTRNN_", pair.Key, StringComparison.Ordinal));
}
