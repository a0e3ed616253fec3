using DistRnn.Data;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Training.Tests;

public sealed class JobDataTests
{
    [Fact]
    public void OptionsOf_Forecasting_HasEveryKey()
    {
        var options = Assert.IsType<ForecastingDataOptions>(JobData.OptionsOf(JobText.Parse("""
            task: forecasting
            data: {format: csv, train: a.csv, time-column: date, columns: [x, y], targets: [y], columns-apart: true, input-length: 5, horizon: 3, season: 7, normalize: instance, time-features: [hour], split: {parts: {train: 0.5, valid: 0.25, test: 0.25}}}
            model: {residual: last}
            """)));
        Assert.Equal((ForecastingFormat.Csv, "date", 5, 3, 7), (options.Format, options.TimeColumn, options.InputLength, options.Horizon, options.Season));
        Assert.Equal((NormalizeKind.Instance, KnownForecast.Last), (options.Normalize, options.Base));
        Assert.Equal(["y"], options.Targets);
        Assert.True(options.ColumnsApart);
        Assert.Equal([TimeFeature.Hour], options.TimeFeatures);
        Assert.Equal(new SplitOptions { Train = 0.5, Valid = 0.25, Test = 0.25, Order = SplitOrder.File }, options.Split);
    }

    [Fact]
    public void OptionsOf_TextTasks_HaveTheirTokens()
    {
        var model = Assert.IsType<LanguageModelDataOptions>(JobData.OptionsOf(JobText.Parse("task: language-model\ndata: {train: a, tokens: char, vocabulary: 9, min-count: 2, lowercase: true, digits: zero}\n")));
        Assert.Equal((TokenKind.Char, 9, 2, true, true), (model.Tokens, model.Vocabulary, model.MinCount, model.Lowercase, model.ZeroDigits));
        Assert.Equal(Path.Combine(JobText.Directory, "a"), model.Train.Path);
        Assert.Null(model.Split);
        var tagging = Assert.IsType<TaggingDataOptions>(JobData.OptionsOf(JobText.Parse("task: tagging\ndata: {train: a, test: b, max-length: 7, columns: {token: 3, features: [2], tag: 1}}\n")));
        Assert.Equal((3, 1, 7), (tagging.Columns.Token, tagging.Columns.Tag, tagging.MaxLength));
        Assert.Equal([2], tagging.Columns.Features);
        var classes = Assert.IsType<ClassificationDataOptions>(JobData.OptionsOf(JobText.Parse("task: classification\ndata: {train: a, format: csv, normalize: none}\n")));
        Assert.Equal((ClassificationFormat.Csv, NormalizeKind.None), (classes.Format, classes.Normalize));
    }

    [Fact]
    public void OptionsOf_BuiltInData_HoldsItsText()
    {
        var options = JobData.OptionsOf(JobText.Parse("task: forecasting\ndata: {train: 'built-in:sine/sine.csv'}\n"));
        Assert.Null(options.Train.Path);
        Assert.Contains("built-in:nothing", Assert.Throws<InvalidInputException>(() => JobData.SourceOf("built-in:nothing")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckDigests_FilesThatDiffer_AreRefused()
    {
        SourceFile[] files = [new("a", 1, new string('1', 64)), new("b", 2, new string('2', 64))];
        var job = JobData.WithDigests(JobText.Parse(JobText.Least("tagging")), files);
        JobData.CheckDigests(job, files);
        Assert.Contains("the data has changed", Refusal(job, [files[0] with { Sha256 = new string('3', 64) }, files[1]]), StringComparison.Ordinal);
        Assert.Contains("b is listed in 'data.sha256', but it was not read", Refusal(job, [files[0]]), StringComparison.Ordinal);
        Assert.Contains("c is not among the files", Refusal(job, [.. files, new("c", 1, new string('1', 64))]), StringComparison.Ordinal);
        JobData.CheckDigests(JobText.Parse(JobText.Least("tagging")), files);
    }

    private static string Refusal(JobOptions job, SourceFile[] files) => Assert.Throws<InvalidInputException>(() => JobData.CheckDigests(job, files)).Message;
}
