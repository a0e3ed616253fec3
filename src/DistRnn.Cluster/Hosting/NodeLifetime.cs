using Microsoft.Extensions.Hosting;

namespace DistRnn.Cluster;

/// <summary>The host's lifetime is the node's: signals belong to the command that started it, which leaves the cluster when it gets one.</summary>
internal sealed class NodeLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
