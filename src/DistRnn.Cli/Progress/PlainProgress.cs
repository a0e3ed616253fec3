using System.Globalization;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary>Progress as plain lines, for logs and pipes: the first of everything at once, then a line every two seconds.</summary>
/// <param name="writer">Where the lines go.</param>
/// <param name="clock">Tells when two seconds have gone by.</param>
internal sealed class PlainProgress(TextWriter writer, TimeProvider clock) : ITrainingProgress
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private long _last;
    private bool _hasReported;
    private string _lastLoaded = "";

    /// <inheritdoc/>
    public void Loading(LoadingReport report)
    {
        var isNew = report.What != _lastLoaded;
        if (!isNew && !IsDue())
            return;
        _lastLoaded = report.What;
        Mark();
        var share = report.Done > 0 && report.Done < report.Total
            ? string.Create(CultureInfo.InvariantCulture, $" {100.0 * report.Done / report.Total:0} %")
            : "";
        writer.WriteLine("reading " + report.What + share);
    }

    /// <inheritdoc/>
    public void Started(RunOutline outline)
    {
        foreach (var line in ProgressText.Outline(outline))
            writer.WriteLine(line);
        Mark();
        _hasReported = false;
    }

    /// <inheritdoc/>
    public void StepDone(in StepReport report)
    {
        if (_hasReported && report.Step < report.Steps && !IsDue())
            return;
        _hasReported = true;
        Mark();
        writer.WriteLine(ProgressText.Step(report));
    }

    /// <inheritdoc/>
    public void Evaluating(string part, int shard, int shards)
    {
        if (!IsDue())
            return;
        Mark();
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"evaluating {part}: {100.0 * shard / shards:0} %"));
    }

    /// <inheritdoc/>
    public void Evaluated(EvaluationReport report) => writer.WriteLine(ProgressText.Evaluation(report));

    /// <inheritdoc/>
    public void CheckpointWritten(long step)
    {
    }

    /// <inheritdoc/>
    public void Note(string sentence) => writer.WriteLine("note: " + sentence);

    private bool IsDue() => clock.GetElapsedTime(_last) >= Interval;

    private void Mark() => _last = clock.GetTimestamp();
}
