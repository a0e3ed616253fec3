using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Training.Tests;

public sealed class JobComparisonTests
{
    private static readonly JobOptions s_before = JobText.Parse(JobText.Least("language-model") + "training: {epochs: 3}\n");

    [Theory]
    [InlineData("training.epochs=4")]
    [InlineData("cluster.workers=3")]
    [InlineData("cluster.failover=fast")]
    [InlineData("cluster.threads-per-worker=2")]
    [InlineData("checkpoint={every-steps: 7, keep: 9, required: false}")]
    public void CheckResume_WhatMayChange_IsAccepted(string set) => JobComparison.CheckResume(s_before, JobFile.Override(s_before, new JobOverrides { Sets = [set] }));

    [Theory]
    [InlineData("training.epochs=2", "training.epochs: 3", "2")]
    [InlineData("training.steps=2", "training.epochs: 3", "none")]
    [InlineData("cluster.non-finite=skip", "cluster.non-finite: stop", "skip")]
    [InlineData("training.batch=16", "training.batch: 32", "16")]
    [InlineData("model.hidden=16", "model.hidden: [128]", "[16]")]
    [InlineData("seed=2", "seed: 1", "2")]
    [InlineData("training.learning-rate=0.002", "training.learning-rate: 0.001", "0.002")]
    public void CheckResume_AnythingElse_IsRefusedByName(string set, string before, string now)
    {
        var error = Assert.Throws<InvalidInputException>(() => JobComparison.CheckResume(s_before, JobFile.Override(s_before, new JobOverrides { Sets = [set] })));
        Assert.Contains($"started with '{before}', and the job now says {now}.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckResume_MoreSteps_IsAccepted()
    {
        var before = JobText.Parse(JobText.Least("language-model"), "steps=10");
        JobComparison.CheckResume(before, JobFile.Override(before, new JobOverrides { Sets = ["steps=20"] }));
        Assert.Throws<InvalidInputException>(() => JobComparison.CheckResume(before, JobFile.Override(before, new JobOverrides { Sets = ["steps=5"] })));
    }

    [Fact]
    public void CheckResume_DataElsewhere_IsAcceptedWhereItIsTheSame()
    {
        var moved = JobFile.Override(s_before, new JobOverrides { Sets = ["data.train=elsewhere.txt"] });
        JobComparison.CheckResume(s_before, moved, isDataSame: true);
        Assert.Contains("data.train", Assert.Throws<InvalidInputException>(() => JobComparison.CheckResume(s_before, moved)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckResume_AnotherTask_IsRefused() =>
        Assert.Contains("'task: language-model'", Assert.Throws<InvalidInputException>(() => JobComparison.CheckResume(s_before, JobText.Parse(JobText.Least("tagging")))).Message, StringComparison.Ordinal);
}
