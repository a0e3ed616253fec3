using DistRnn.Data;

namespace DistRnn.Training;

/// <summary>Hands reading's progress on, on the thread that reads.</summary>
/// <param name="progress">Who watches.</param>
internal sealed class LoadingRelay(ITrainingProgress progress) : IProgress<DataProgress>
{
    public void Report(DataProgress value) => progress.Loading(new LoadingReport(value.Name, value.BytesRead, value.BytesTotal));
}
