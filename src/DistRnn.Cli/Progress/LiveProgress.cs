using DistRnn.Training;
using Spectre.Console;

namespace DistRnn.Cli;

/// <summary>Progress as a bar that is drawn over, for a person's terminal.</summary>
/// <param name="console">The terminal's standard error.</param>
/// <param name="context">Where the bars are.</param>
internal sealed class LiveProgress(IAnsiConsole console, ProgressContext context) : ITrainingProgress
{
    private static readonly TimeSpan DrawInterval = TimeSpan.FromMilliseconds(100);

    private ProgressTask? _reading;
    private ProgressTask? _training;
    private ProgressTask? _evaluating;
    private long _drawn;

    /// <summary>Runs work under a live display, which is gone when the work is done or has thrown.</summary>
    /// <param name="console">The terminal's standard error.</param>
    /// <param name="work">What is watched.</param>
    internal static T Show<T>(IAnsiConsole console, Func<ITrainingProgress, T> work) => console.Progress()
        .AutoClear(true)
        .HideCompleted(true)
        .Columns(new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
        .Start(context => work(new LiveProgress(console, context)));

    /// <inheritdoc/>
    public void Loading(LoadingReport report)
    {
        _reading ??= context.AddTask("reading");
        _reading.Description = Markup.Escape("reading " + report.What);
        _reading.IsIndeterminate = report.Total <= 0;
        _reading.MaxValue = Math.Max(1, report.Total);
        _reading.Value = report.Done;
    }

    /// <inheritdoc/>
    public void Started(RunOutline outline)
    {
        _reading?.StopTask();
        _reading = null;
        foreach (var line in ProgressText.Outline(outline))
            console.MarkupLineInterpolated($"[grey]{line}[/]");
        _training = context.AddTask("first step", maxValue: Math.Max(1, outline.Steps));
        _training.Value = outline.ResumedFrom;
    }

    /// <inheritdoc/>
    public void StepDone(in StepReport report)
    {
        if (_training is null || (report.Step < report.Steps && TimeProvider.System.GetElapsedTime(_drawn) < DrawInterval))
            return;
        _drawn = TimeProvider.System.GetTimestamp();
        _training.Description = Markup.Escape(ProgressText.Step(report));
        _training.Value = report.Step;
    }

    /// <inheritdoc/>
    public void Evaluating(string part, int shard, int shards)
    {
        _evaluating ??= context.AddTask("evaluating");
        _evaluating.Description = Markup.Escape("evaluating " + part);
        _evaluating.MaxValue = Math.Max(1, shards);
        _evaluating.Value = shard;
    }

    /// <inheritdoc/>
    public void Evaluated(EvaluationReport report)
    {
        _evaluating?.StopTask();
        _evaluating = null;
        console.MarkupLineInterpolated($"{ProgressText.Evaluation(report)}");
    }

    /// <inheritdoc/>
    public void CheckpointWritten(long step)
    {
    }

    /// <inheritdoc/>
    public void Note(string sentence) => console.MarkupLineInterpolated($"[yellow]note:[/] {sentence}");
}
