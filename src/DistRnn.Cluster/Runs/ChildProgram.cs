namespace DistRnn.Cluster;

/// <summary>How this program is started again.</summary>
/// <param name="File">The executable.</param>
/// <param name="Arguments">What comes before the command.</param>
public sealed record ChildProgram(string File, IReadOnlyList<string> Arguments);
