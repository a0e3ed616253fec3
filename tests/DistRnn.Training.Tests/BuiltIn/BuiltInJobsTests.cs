using Xunit;

namespace DistRnn.Training.Tests;

public sealed class BuiltInJobsTests
{
    [Fact]
    public void Find_EveryName_IsTheJob() => Assert.All(BuiltInJobs.All, job => Assert.Same(job, BuiltInJobs.Find(job.Name)));

    [Theory]
    [InlineData("Sunspots")]
    [InlineData("")]
    [InlineData("sunspots ")]
    public void Find_AnotherName_IsNull(string name) => Assert.Null(BuiltInJobs.Find(name));

    [Fact]
    public void Yaml_OfEveryJob_RefersToDataThatExists()
    {
        foreach (var job in BuiltInJobs.All)
        {
            var references = job.Yaml.Split([' ', '\n', ','], StringSplitOptions.RemoveEmptyEntries).Where(BuiltInData.IsReference).ToArray();
            Assert.NotEmpty(references);
            Assert.All(references, reference => Assert.NotEmpty(BuiltInData.TextOf(reference)));
        }
    }

    [Fact]
    public void IsReachedBy_AtLeast_CountsUpwards()
    {
        var goal = new BuiltInGoal("accuracy", 0.9, AtLeast: true);
        Assert.True(goal.IsReachedBy(0.9));
        Assert.False(goal.IsReachedBy(0.89));
        Assert.False(goal.IsReachedBy(double.NaN));
        Assert.Equal("accuracy at least 0.9", goal.ToString());
    }

    [Fact]
    public void IsReachedBy_AtMost_CountsDownwards()
    {
        var goal = new BuiltInGoal("mse", 0.5, AtLeast: false);
        Assert.True(goal.IsReachedBy(0.5));
        Assert.False(goal.IsReachedBy(0.51));
        Assert.False(goal.IsReachedBy(double.NaN));
        Assert.Equal("mse at most 0.5", goal.ToString());
    }
}
