using DistRnn.Training;
using Spectre.Console;

namespace DistRnn.Cli;

/// <summary>Chooses how progress is shown: live bars on a person's terminal, plain lines elsewhere.</summary>
internal static class ProgressDisplay
{
    /// <summary>Runs work and shows its progress on standard error.</summary>
    /// <param name="terminal">Where it goes.</param>
    /// <param name="work">What is watched.</param>
    internal static T Show<T>(Terminal terminal, Func<ITrainingProgress, T> work) => terminal.IsErrorLive
        ? LiveProgress.Show(Consoles.Of(terminal.Error, isLive: true), work)
        : work(new PlainProgress(terminal.Error, TimeProvider.System));
}
