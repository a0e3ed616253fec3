using Spectre.Console;

namespace DistRnn.Cli;

/// <summary>Spectre consoles over the command's own writers.</summary>
internal static class Consoles
{
    private const int PlainWidth = 120;

    /// <summary>A console on a writer: with colours and cursor movement on a person's terminal, plain text of a fixed width elsewhere.</summary>
    internal static IAnsiConsole Of(TextWriter writer, bool isLive)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isLive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isLive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isLive ? InteractionSupport.Yes : InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        if (!isLive)
            console.Profile.Width = PlainWidth;
        return console;
    }
}
