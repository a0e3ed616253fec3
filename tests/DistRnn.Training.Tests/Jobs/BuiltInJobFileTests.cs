using Xunit;

namespace DistRnn.Training.Tests;

/// <summary>The built-in jobs are jobs, whatever keys come and go.</summary>
public sealed class BuiltInJobFileTests
{
    [Fact]
    public void BuiltInJobs_Each_IsAJobThatWritesBack()
    {
        Assert.NotEmpty(BuiltInJobs.All);
        foreach (var built in BuiltInJobs.All)
        {
            var job = JobFile.Parse(built.Yaml, built.Name, built.Name, JobText.Directory);
            Assert.Equal(JobFile.Write(job), JobFile.Write(JobText.Parse(JobFile.Write(job))));
            Assert.NotNull(JobData.OptionsOf(job));
        }
    }
}
