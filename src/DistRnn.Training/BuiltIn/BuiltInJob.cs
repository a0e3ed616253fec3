namespace DistRnn.Training;

/// <summary>A job that comes with the product, data included: no file is needed to train it.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Summary">What it is, in one line.</param>
/// <param name="Goal">What its kept model should reach on the test part.</param>
/// <param name="Yaml">The job file; its data paths are references of <see cref="BuiltInData"/>.</param>
public sealed record BuiltInJob(string Name, string Summary, BuiltInGoal Goal, string Yaml);
