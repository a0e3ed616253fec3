namespace DistRnn.Cluster;

/// <summary>What Akka writes with while its real loggers are not there yet, or no more: nothing, since standard output belongs to results. An error of
/// that time reaches the caller as an exception.</summary>
internal sealed class SilentLogger : Akka.Event.MinimalLogger
{
    protected override void Log(object message)
    {
    }
}
