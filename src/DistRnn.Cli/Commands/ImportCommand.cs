using System.CommandLine;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary><c>distrnn import FILE --job JOB --output DIR</c>: makes a run directory of parameters that were trained elsewhere.</summary>
internal sealed class ImportCommand(Terminal terminal)
{
    private readonly Argument<string> _file = new("FILE") { Description = "A safetensors file with exactly the tensors of the job's network, or for word vectors a file of word2vec" };
    private readonly Option<string> _job = new("--job") { Description = "The job whose network it is: a job file, or the name of a built-in job", HelpName = "JOB", Required = true };
    private readonly Option<string?> _vocabulary = new("--vocabulary") { Description = "The vocabulary, a token a line in the order of ids (default: that of the job's data)", HelpName = "FILE" };
    private readonly Option<string> _output = new("--output") { Description = "The run directory to make", HelpName = "DIR", Required = true };

    internal static Command Create(Terminal terminal)
    {
        var import = new ImportCommand(terminal);
        var command = new Command("import", "Make a run directory of parameters that were trained elsewhere") { import._file, import._job, import._vocabulary, import._output };
        command.SetAction(import.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var job = JobSource.Find(parsed.GetRequiredValue(_job)).Read([]);
        var progress = new PlainProgress(terminal.Error, TimeProvider.System);
        var summary = ModelImport.Import(parsed.GetRequiredValue(_file), job, parsed.GetValue(_vocabulary), parsed.GetRequiredValue(_output), progress);
        terminal.Output.WriteLine($"{summary.Directory}: {Figures.Count(summary.Parameters)} parameters, fingerprint {summary.ModelFingerprint}");
        return ExitCodes.Done;
    }
}
