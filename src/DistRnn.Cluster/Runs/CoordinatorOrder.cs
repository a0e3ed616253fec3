using System.Text.Json;
using DistRnn.Numerics;

namespace DistRnn.Cluster;

/// <summary>What a coordinator of <c>train --local processes</c> is told by the command that started it: one line on its standard input.</summary>
/// <param name="Job">The job as YAML with every default spelled out and absolute paths.</param>
/// <param name="Name">The job's name.</param>
/// <param name="Directory">The run directory, absolute.</param>
/// <param name="Execution">A name for this execution, which no other has.</param>
/// <param name="Resume">Whether the directory's newest checkpoint is to be gone on from.</param>
internal sealed record CoordinatorOrder(string Job, string Name, string Directory, string Execution, bool Resume)
{
    /// <summary>The line, sent later, that has the run end after the step in work and a checkpoint.</summary>
    public const string Stop = "stop";

    /// <summary>The order as a line.</summary>
    public string ToLine() => JsonSerializer.Serialize(this);

    /// <summary>Reads a line.</summary>
    /// <param name="line">The line.</param>
    /// <exception cref="InvalidInputException">It is no order.</exception>
    public static CoordinatorOrder Parse(string line)
    {
        try
        {
            if (JsonSerializer.Deserialize<CoordinatorOrder>(line) is { Job: not null, Name: not null, Directory: not null, Execution: not null } order)
                return order;
        }
        catch (JsonException)
        {
            // Said below.
        }
        throw new InvalidInputException("What came on standard input is no order of a run: --child is for 'train --local processes' alone.");
    }
}
