using System.Diagnostics;
using System.Reflection;
using DistRnn.Cli;

namespace DistRnn.Benchmarks;

/// <summary>Programs that benchmarks start: the product's command, and this one again.</summary>
internal static class Commands
{
    /// <summary>The product's command.</summary>
    public static Assembly Product => typeof(ExitCodes).Assembly;

    /// <summary>Starts the product's command; what it says is thrown away.</summary>
    /// <param name="arguments">Its arguments.</param>
    public static Process Start(params string[] arguments)
    {
        var process = Begin(Product, arguments);
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return process;
    }

    /// <summary>Starts a command whose output is read.</summary>
    /// <param name="program">Its program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>The process, and what it will have said on its standard output and error.</returns>
    public static (Process Process, Task<(string Output, string Error)> Said) Listen(Assembly program, params string[] arguments)
    {
        var process = Begin(program, arguments);
        return (process, SaidAsync(process));
    }

    /// <summary>Runs a command to its end.</summary>
    /// <param name="program">Its program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Its exit status, and what it said on its standard output and error.</returns>
    public static async Task<(int Status, string Output, string Error)> RunAsync(Assembly program, params string[] arguments)
    {
        var (process, said) = Listen(program, arguments);
        using (process)
        {
            var (output, error) = await said;
            await process.WaitForExitAsync();
            return (process.ExitCode, output, error);
        }
    }

    private static Process Begin(Assembly program, string[] arguments) =>
        Process.Start(new ProcessStartInfo("dotnet", ["exec", program.Location, .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true })!;

    private static async Task<(string Output, string Error)> SaidAsync(Process process)
    {
        var error = process.StandardError.ReadToEndAsync();
        return (await process.StandardOutput.ReadToEndAsync(), await error);
    }
}
