using System.Collections.Immutable;

namespace DistRnn.Training;

/// <summary>The jobs that come with the product, in the order in which they are listed.</summary>
public static class BuiltInJobs
{
    /// <summary>All of them.</summary>
    public static ImmutableArray<BuiltInJob> All { get; } =
    [
        Create("sunspots", "monthly sunspot numbers from 1749 to 1983, a year ahead: 20.5 off on average, the last value 23.7", new BuiltInGoal("mae-original", 22, AtLeast: false)),
        Create("sine", "a sine with a little noise, ten steps ahead", new BuiltInGoal("mse-original", 0.0012, AtLeast: false)),
        Create("binary-addition", "two numbers added bit by bit, least significant first", new BuiltInGoal("accuracy", 0.999, AtLeast: true)),
        Create("adding-problem", "the sum of the two marked ones of fifty numbers", new BuiltInGoal("accuracy", 0.95, AtLeast: true)),
        Create("reber", "which symbols the embedded Reber grammar allows next: all of them right", new BuiltInGoal("accuracy", 0.999, AtLeast: true)),
        Create("dates", "dates as people write them, to ISO 8601", new BuiltInGoal("exact-match", 0.995, AtLeast: true)),
    ];

    /// <summary>The job of a name, or null where there is none.</summary>
    /// <param name="name">The name; case counts.</param>
    public static BuiltInJob? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return All.FirstOrDefault(job => string.Equals(job.Name, name, StringComparison.Ordinal));
    }

    private static BuiltInJob Create(string name, string summary, BuiltInGoal goal) => new(name, summary, goal, BuiltInData.Resource(name + ".yaml"));
}
