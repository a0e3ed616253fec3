using DistRnn.Numerics;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary>What the argument JOB names: a built-in job, or else a file.</summary>
/// <param name="Argument">The argument.</param>
/// <param name="BuiltIn">The built-in job of that name, or null for a file.</param>
internal sealed record JobSource(string Argument, BuiltInJob? BuiltIn)
{
    /// <summary>Finds the job. A name of a built-in job wins over a file of the same name, which <c>./NAME</c> reaches.</summary>
    /// <param name="argument">The argument.</param>
    /// <exception cref="InvalidInputException">It is neither.</exception>
    internal static JobSource Find(string argument)
    {
        if (BuiltInJobs.Find(argument) is { } builtIn)
            return new JobSource(argument, builtIn);
        if (!File.Exists(argument) && !Directory.Exists(argument))
        {
            throw new InvalidInputException(
                $"'{argument}' is neither a job file nor a built-in job. Built-in jobs are {string.Join(", ", BuiltInJobs.All.Select(job => job.Name))}; 'distrnn init' writes a job file.");
        }

        return new JobSource(argument, null);
    }

    /// <summary>Reads the job, with the environment and settings over it.</summary>
    /// <param name="settings">Arguments of <c>--set</c>.</param>
    /// <exception cref="InvalidInputException">The job or a setting is not valid.</exception>
    internal JobOptions Read(IEnumerable<string> settings)
    {
        var overrides = JobOverrides.OfProcess(settings);
        return BuiltIn is null
            ? JobFile.Read(Argument, overrides)
            : JobFile.Parse(BuiltIn.Yaml, BuiltIn.Name, BuiltIn.Name, overrides.WorkingDirectory, overrides);
    }
}
