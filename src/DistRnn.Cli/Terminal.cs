using System.Text;

namespace DistRnn.Cli;

/// <summary>Where the command reads and writes: results to <paramref name="Output"/>, progress, notes and errors to <paramref name="Error"/>.</summary>
/// <param name="Input">Standard input.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="IsOutputLive">Whether output goes to a person's terminal, so that colours make sense.</param>
/// <param name="IsErrorLive">Whether errors go to a person's terminal, so that colours and live bars make sense.</param>
internal sealed record Terminal(TextReader Input, TextWriter Output, TextWriter Error, bool IsOutputLive = false, bool IsErrorLive = false) : IDisposable
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>The streams of this process, in UTF-8 with plain line feeds.</summary>
    internal static Terminal OfProcess()
    {
        bool plain = Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 } || Environment.GetEnvironmentVariable("TERM") == "dumb";
        return new Terminal(
            new StreamReader(Console.OpenStandardInput(), Utf8),
            new StreamWriter(Console.OpenStandardOutput(), Utf8) { AutoFlush = true, NewLine = "\n" },
            new StreamWriter(Console.OpenStandardError(), Utf8) { AutoFlush = true, NewLine = "\n" },
            !Console.IsOutputRedirected && !plain,
            !Console.IsErrorRedirected && !plain);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Output.Flush();
        Error.Flush();
    }
}
