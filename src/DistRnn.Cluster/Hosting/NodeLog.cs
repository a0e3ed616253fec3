using Microsoft.Extensions.Logging;

namespace DistRnn.Cluster;

/// <summary>Hands warnings and errors of the actor system and the host on as lines of text.</summary>
/// <param name="report">Gets each line; called from several threads.</param>
internal sealed class NodeLog(Action<string> report) : ILoggerProvider, ILogger
{
    // Late heartbeats are said one by one, and each connection that ends or is not made several times by both sides. That it mattered is said once, as a node that cannot be
    // reached or seed nodes that cannot be joined.
    private static readonly string[] s_repeated = ["heartbeat interval is growing too large", "AssociationError", "Tried to associate", "Disassociated", "Association with", "Association to"];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && logLevel != LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        var line = Shorten(formatter(state, exception));
        if (!Array.Exists(s_repeated, said => line.StartsWith(said, StringComparison.Ordinal)))
            report(line);
    }

    /// <summary>What a line says, without Akka's brackets in front (level, time, thread, source) and without the stack trace below.</summary>
    /// <param name="text">The line.</param>
    internal static string Shorten(string text)
    {
        var line = text.AsSpan().TrimStart();
        line = line[..(line.IndexOfAny('\r', '\n') is var end and >= 0 ? end : line.Length)];
        while (line.StartsWith("[", StringComparison.Ordinal) && line.IndexOf(']') is var close and >= 0)
            line = line[(close + 1)..].TrimStart();
        return line.ToString();
    }

    public void Dispose()
    {
    }
}
