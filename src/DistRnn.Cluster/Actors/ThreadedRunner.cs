using DistRnn.Numerics;
using DistRnn.Protocol;

namespace DistRnn.Cluster;

/// <summary>Runs pieces on a team of threads: each takes the next piece that nobody has. Who runs which cannot change a bit.</summary>
internal sealed class ThreadedRunner : IPieceRunner, IDisposable
{
    private readonly ComputeTeam _team;
    private readonly Action<int> _body;
    private Action<int>? _piece;
    private int _pieces;
    private int _next;

    /// <summary>Starts the team.</summary>
    /// <param name="threads">Threads, the caller included; at least 1.</param>
    public ThreadedRunner(int threads)
    {
        _team = new ComputeTeam(threads);
        _body = _ => TakePieces();
    }

    /// <inheritdoc/>
    public void Run(int pieces, Action<int> piece)
    {
        ArgumentNullException.ThrowIfNull(piece);
        (_piece, _pieces, _next) = (piece, pieces, 0);
        if (pieces > 1)
            _team.Run(_body);
        else
            TakePieces();
    }

    /// <inheritdoc/>
    public void Dispose() => _team.Dispose();

    private void TakePieces()
    {
        for (var index = Interlocked.Increment(ref _next) - 1; index < _pieces; index = Interlocked.Increment(ref _next) - 1)
            _piece!(index);
    }
}
