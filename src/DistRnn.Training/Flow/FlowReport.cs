using System.Collections.Immutable;
using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// How far a job's errors reach back through each kind of cell: the norm of dE/dz_t against t on the first batch of its training data, where E is what a
/// sequence's last step has lost. The networks have one layer in one direction, of the job's last number of units, without dropout.
/// </summary>
/// <param name="Job">The job's name.</param>
/// <param name="Task">Its task.</param>
/// <param name="Hidden">Units.</param>
/// <param name="Sequences">Sequences of the batch.</param>
/// <param name="TrainedSteps">Steps that the cells were trained before; the carousel never is.</param>
/// <param name="Lines">The plain network, LSTM, GRU and the constant error carousel alone, in this order.</param>
public sealed record FlowReport(string Job, string Task, int Hidden, int Sequences, int TrainedSteps, ImmutableArray<FlowLine> Lines)
{
    /// <summary>The carousel's line.</summary>
    public const string CarouselName = "carousel";

    /// <summary>T, steps of the longest sequence.</summary>
    public int Steps => Lines[0].Norms.Length;

    /// <summary>Reads the job's data and measures.</summary>
    /// <param name="job">A checked job.</param>
    /// <param name="trainedSteps">Steps that each cell is trained first, as the job says; 0 for the parameters as they begin.</param>
    /// <exception cref="InvalidInputException">The job's task has no such network, its data is not usable, or nothing has a target at its last step.</exception>
    public static FlowReport Measure(JobOptions job, int trainedSteps = 0)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentOutOfRangeException.ThrowIfNegative(trainedSteps);
        if (job.Task is TaskKind.Translation or TaskKind.WordVectors)
            throw new InvalidInputException($"{job.Name}: the task is {JobNames.Of(job.Task)}, whose errors have no single way back through time; allowed are language-model, classification, tagging and forecasting.");
        using var data = TaskData.Load(JobData.OptionsOf(job), job.Seed);
        var plan = data.CreateTrainingPlan(job.Seed, job.Training.Batch, job.Training.BatchShards, job.Training.Window);
        var lines = ImmutableArray.CreateBuilder<FlowLine>();
        foreach (var cell in (CellKind[])[CellKind.Rnn, CellKind.Lstm, CellKind.Gru])
            lines.Add(new FlowLine(JobNames.Of(cell), InTime(Measure(job, data, plan, cell, trainedSteps))));
        lines.Add(new FlowLine(CarouselName, InTime(MeasureCarousel(job, data, plan))));
        if (lines[0].Norms.IsEmpty)
            throw new InvalidInputException($"{job.Name}: no sequence of the first batch has a target at its last step, so there is no error to send back.");
        return new FlowReport(job.Name, JobNames.Of(job.Task), job.Model.Hidden[^1], FirstBatch(plan).Sum(shard => shard.Rows), trainedSteps, lines.ToImmutable());
    }

    private static double[] Measure(JobOptions job, TaskData data, ITrainingPlan plan, CellKind cell, int trainedSteps)
    {
        var network = new Network(OptionsOf(job, data, cell));
        using var team = new ComputeTeam(1);
        using var computer = network.CreateComputer(team);
        using var trainer = new Trainer(TrainerOptions.Of(job, Math.Max(1, trainedSteps)), network, computer, plan, team);
        network.Initialize(job.Seed, trainer.Parameters);
        trainer.ParametersChanged();
        for (var step = 0; step < trainedSteps; step++)
            if (trainer.DoStep() != StepOutcome.Applied)
                throw new InvalidInputException($"{job.Name}: the gradient of the {JobNames.Of(cell)} is not finite at step {step + 1}; train it fewer steps or at a lower training.learning-rate.");
        return GradientFlow.Measure(network, trainer.Parameters, FirstBatch(plan));
    }

    private static double[] MeasureCarousel(JobOptions job, TaskData data, ITrainingPlan plan)
    {
        var network = new Network(OptionsOf(job, data, CellKind.Rnn));
        using var parameters = new FloatBuffer(network.Parameters.Count);
        network.Initialize(job.Seed, parameters);
        return GradientFlow.MeasureCarousel(network, parameters, FirstBatch(plan));
    }

    private static NetworkOptions OptionsOf(JobOptions job, TaskData data, CellKind cell) => JobNetwork.OptionsOf(job, data) with
    {
        Cell = cell,
        Peepholes = cell == CellKind.Lstm && job.Model.Peepholes,
        ForgetBias = cell == CellKind.Lstm ? (float)job.Model.ForgetBias : 0,
        Hidden = [job.Model.Hidden[^1]],
        Bidirectional = false,
        ContextWindow = 1,
        Characters = 0,
        CharacterVocabulary = 0,
        Head = HeadOf(job.Task),
        Pooling = Pooling.Last,
        Dropout = DropoutOptions.None,
        ClassWeights = [],
    };

    /// <summary>The task's head; tags are said step by step, since a chain of them would send its errors back from every step.</summary>
    private static HeadKind HeadOf(TaskKind task) => task switch
    {
        TaskKind.Classification => HeadKind.ClassPerSequence,
        TaskKind.Forecasting => HeadKind.ValuesPerSequence,
        _ => HeadKind.ClassPerStep,
    };

    private static SequenceBatch[] FirstBatch(ITrainingPlan plan)
    {
        var shards = new SequenceBatch[plan.Shards];
        for (var shard = 0; shard < shards.Length; shard++)
            plan.Fill(0, 0, shard, shards[shard] = new SequenceBatch());
        return shards;
    }

    private static ImmutableArray<double> InTime(double[] fromTheEnd) => [.. fromTheEnd.Reverse()];
}
