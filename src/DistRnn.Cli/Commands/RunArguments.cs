using System.CommandLine;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary>What the commands that use a trained model share: its run directory and, where it is not the kept one, its checkpoint.</summary>
internal sealed class RunArguments
{
    private readonly Argument<string> _run = new("RUN") { Description = "A run directory, of train or import" };
    private readonly Option<string?> _checkpoint = new("--checkpoint") { Description = "A checkpoint of the run instead of the kept model", HelpName = "STEP" };

    /// <summary>Adds them to a command.</summary>
    internal void AddTo(Command command)
    {
        command.Arguments.Add(_run);
        command.Options.Add(_checkpoint);
    }

    /// <summary>Opens the model.</summary>
    internal SavedModel Open(ParseResult parsed) => SavedModel.Open(parsed.GetRequiredValue(_run), parsed.GetValue(_checkpoint));
}
