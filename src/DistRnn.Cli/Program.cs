namespace DistRnn.Cli;

internal static class Program
{
    private static int Main(string[] arguments)
    {
        using var signals = TerminationSignals.Listen();
        using Terminal terminal = Terminal.OfProcess();
        return DistRnnCommand.Run(arguments, terminal, signals);
    }
}
