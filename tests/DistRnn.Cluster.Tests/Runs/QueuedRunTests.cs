using System.Text;
using System.Text.Json;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>What the list of runs says of a run that another coordinator led.</summary>
public sealed class QueuedRunTests
{
    [Theory]
    [InlineData("""{"steps":465,"train":{"mse":0.25,"mae":0.5}}""", 465, 0.25)]
    [InlineData("""{"steps":7,"train":{}}""", 7, 0)]
    [InlineData("""{"steps":7,"train":{"loss":"low"}}""", 7, 0)]
    [InlineData("""{"steps":"many","train":{"loss":1.5}}""", 0, 0)]
    [InlineData("{}", 0, 0)]
    [InlineData("", 0, 0)]
    public void Recall_OfARunThatHasEnded_SaysHowFarItCame(string summary, long steps, double loss)
    {
        using var run = new QueuedRun("sunspots-1", "", null, "/runs/sunspots-1");
        run.Recall("completed", "", summary);
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
            run.Write(writer);
        using var said = JsonDocument.Parse(Encoding.UTF8.GetString(json.ToArray()));
        Assert.Equal("completed", said.RootElement.GetProperty("status").GetString());
        Assert.Equal(steps, said.RootElement.GetProperty("step").GetInt64());
        Assert.Equal(steps, said.RootElement.GetProperty("steps").GetInt64());
        Assert.Equal(loss, said.RootElement.GetProperty("loss").GetDouble());
    }
}
