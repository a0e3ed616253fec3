using System.Collections.Immutable;
using DistRnn.Data;
using DistRnn.Numerics;
using DistRnn.Training;

namespace DistRnn.Simulation;

/// <summary>
/// A job's undisturbed run in one process, by the trainer that users run: how it ends, and the fingerprint of every version on the way. What simulated
/// clusters come to is compared with it.
/// </summary>
/// <param name="Status">How it ends: <c>completed</c> or <c>stopped</c>.</param>
/// <param name="Fingerprints">The fingerprint of each version, from 0 to the last.</param>
internal sealed record ReferenceRun(string Status, ImmutableArray<string> Fingerprints)
{
    /// <summary>The last version.</summary>
    public long Version => Fingerprints.Length - 1;

    /// <summary>The fingerprint of the last version.</summary>
    public string Fingerprint => Fingerprints[^1];

    /// <summary>Trains a job.</summary>
    /// <param name="job">The job.</param>
    /// <exception cref="InvalidInputException">The job or its data are not usable.</exception>
    public static ReferenceRun Of(JobOptions job)
    {
        using var setup = TrainingSetup.Load(job, new TrainingRunOptions { Threads = 1 }, SilentProgress.Instance);
        using var trainer = new Trainer(setup.Trainer, setup.Network, setup.Computer, setup.Plan, setup.Team);
        var course = new RunCourse(setup);
        setup.Network.Initialize(job.Seed, trainer.Parameters);
        StartingModel.Apply(setup, trainer.Parameters, SilentProgress.Instance);
        trainer.ParametersChanged();
        var fingerprints = ImmutableArray.CreateBuilder<string>();
        fingerprints.Add(Numerics.Fingerprint.Of(setup.Network.Parameters, trainer.Parameters));
        var position = trainer.PutInto(new RunPosition());
        while (true)
        {
            if (course.IsEvaluationDue(position))
            {
                var metrics = new Evaluator(setup.Network, setup.Computer).Evaluate(setup.Data, PartKind.Valid, job.Training.Batch, SilentProgress.Instance, CancellationToken.None);
                position = course.Evaluated(position, metrics).Position;
                trainer.Plateau = position.Plateau;
            }
            if (course.IsLastStep(position) || course.IsPatienceOver(position))
                return new ReferenceRun("completed", fingerprints.ToImmutable());
            if (trainer.DoStep() == StepOutcome.Stopped)
                return new ReferenceRun("stopped", fingerprints.ToImmutable());
            position = trainer.PutInto(position);
            fingerprints.Add(Numerics.Fingerprint.Of(setup.Network.Parameters, trainer.Parameters));
        }
    }
}
