using DistRnn.Optimizers;

namespace DistRnn.Training;

/// <summary>How a <see cref="Trainer"/> trains: what a job says of it, parsed.</summary>
internal sealed record TrainerOptions
{
    /// <summary>The job's seed.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The update rule.</summary>
    public required UpdateRule Rule { get; init; }

    /// <summary>The learning rate's course.</summary>
    public required Schedule Schedule { get; init; }

    /// <summary>The rate that the course starts from.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The largest norm of the divided gradient; null for no clipping.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>What gradients are divided by.</summary>
    public LossScale LossScale { get; init; }

    /// <summary>Whether every node of the gradient tree is rounded to 16 bits: codec bf16.</summary>
    public bool RoundsNodes { get; init; }

    /// <summary>What happens where a gradient is not finite.</summary>
    public NonFinitePolicy NonFinite { get; init; }

    /// <summary>Steps of the whole run.</summary>
    public required long TotalSteps { get; init; }

    /// <summary>Takes a job's settings.</summary>
    /// <param name="job">The job.</param>
    /// <param name="totalSteps">Steps of the whole run.</param>
    /// <exception cref="Numerics.InvalidInputException">The rule or the schedule does not exist, or an argument is out of its range.</exception>
    public static TrainerOptions Of(JobOptions job, long totalSteps) => new()
    {
        Seed = job.Seed,
        Rule = UpdateRule.Parse(job.Training.Optimizer, job.Training.WeightDecay),
        Schedule = Schedule.Parse(job.Training.Schedule),
        LearningRate = job.Training.LearningRate,
        ClipNorm = job.Training.ClipNorm,
        LossScale = job.Training.LossScale,
        RoundsNodes = job.Cluster.Codec == ClusterSection.Bfloat16,
        NonFinite = job.Cluster.NonFinite,
        TotalSteps = totalSteps,
    };
}
