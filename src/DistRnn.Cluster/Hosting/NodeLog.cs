using Microsoft.Extensions.Logging;

namespace DistRnn.Cluster;

/// <summary>Hands warnings and errors of the actor system and the host on as lines of text.</summary>
/// <param name="report">Gets each line; called from several threads.</param>
internal sealed class NodeLog(Action<string> report) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && logLevel != LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        var text = formatter(state, exception);
        report(exception is null ? text : $"{text} ({exception.GetType().Name}: {exception.Message})");
    }

    public void Dispose()
    {
    }
}
