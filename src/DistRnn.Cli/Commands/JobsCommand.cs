using System.CommandLine;
using System.Globalization;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary><c>distrnn jobs</c>: the built-in jobs, a line each.</summary>
internal static class JobsCommand
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Command("jobs", "List the built-in jobs, which need no files");
        command.SetAction(_ =>
        {
            int width = BuiltInJobs.All.Max(job => job.Name.Length);
            foreach (BuiltInJob job in BuiltInJobs.All)
            {
                terminal.Output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{job.Name.PadRight(width)}  {job.Summary}; should reach {job.Goal} on the test part"));
            }

            return ExitCodes.Done;
        });
        return command;
    }
}
