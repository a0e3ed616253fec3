using System.Text.Json;
using DistRnn.Optimizers;

namespace DistRnn.Training;

/// <summary>The best evaluation so far.</summary>
/// <param name="Step">Steps done when it was made; its checkpoint is kept.</param>
/// <param name="Value">The criterion.</param>
internal sealed record BestEvaluation(long Step, double Value);

/// <summary>
/// Where a run is, beside its parameters, optimiser state and lane state: the part <c>position</c> of a checkpoint. With these four a run goes on as
/// if nothing had happened.
/// </summary>
internal sealed record RunPosition
{
    /// <summary>The epoch in work or, behind its last step, just done; from 0.</summary>
    public int Epoch { get; init; }

    /// <summary>Steps of that epoch done.</summary>
    public long StepInEpoch { get; init; }

    /// <summary>Steps of the run done.</summary>
    public long Step { get; init; }

    /// <summary>Sums over the epoch's steps, for the training metrics.</summary>
    public StepSums EpochSums { get; init; }

    /// <summary>The last step's figures, for its row in the log where its evaluation is still to come.</summary>
    public (double Loss, double LearningRate, double GradientNorm, bool Applied) LastStep { get; init; }

    /// <summary>What halvings have left of the learning rate.</summary>
    public double RateFactor { get; init; } = 1;

    /// <summary>Steps whose gradient was not finite.</summary>
    public int NonFiniteSteps { get; init; }

    /// <summary>The step of the last evaluation; -1 before the first.</summary>
    public long EvaluatedStep { get; init; } = -1;

    /// <summary>The best evaluation, or null before the first.</summary>
    public BestEvaluation? Best { get; init; }

    /// <summary>Evaluations since the best one.</summary>
    public int EvaluationsSinceBest { get; init; }

    /// <summary>What the plateau schedule knows.</summary>
    public PlateauState Plateau { get; init; } = PlateauState.Initial;

    /// <summary>The optimiser's numbers beside its vectors.</summary>
    public UpdateScalars Optimizer { get; init; } = UpdateScalars.Initial;

    /// <summary>The position as JSON; doubles round-trip to the bit.</summary>
    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
            Write(json);
        return buffer.ToArray();
    }

    /// <summary>Reads a position back.</summary>
    /// <param name="json">What <see cref="ToJson"/> wrote.</param>
    /// <exception cref="JsonException">It is no such thing.</exception>
    public static RunPosition FromJson(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        try
        {
            return Read(root);
        }
        catch (Exception error) when (error is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new JsonException("The position of the checkpoint lacks something or holds something else in its place.", error);
        }
    }

    private static RunPosition Read(JsonElement root)
    {
        var (epoch, last, best) = (root.GetProperty("epoch_sums"), root.GetProperty("last_step"), root.GetProperty("best"));
        var (plateau, optimizer) = (root.GetProperty("plateau"), root.GetProperty("optimizer"));
        return new RunPosition
        {
            Epoch = root.GetProperty("epoch").GetInt32(),
            StepInEpoch = root.GetProperty("step_in_epoch").GetInt64(),
            Step = root.GetProperty("step").GetInt64(),
            EpochSums = new StepSums(
                Number(epoch, "loss"), epoch.GetProperty("targets").GetInt64(), epoch.GetProperty("sequences").GetInt64(), epoch.GetProperty("correct").GetInt64(), epoch.GetProperty("tokens").GetInt64()),
            LastStep = (Number(last, "loss"), Number(last, "learning_rate"), Number(last, "grad_norm"), last.GetProperty("applied").GetBoolean()),
            RateFactor = Number(root, "rate_factor"),
            NonFiniteSteps = root.GetProperty("non_finite_steps").GetInt32(),
            EvaluatedStep = root.GetProperty("evaluated_step").GetInt64(),
            Best = best.ValueKind == JsonValueKind.Null ? null : new BestEvaluation(best.GetProperty("step").GetInt64(), Number(best, "value")),
            EvaluationsSinceBest = root.GetProperty("evaluations_since_best").GetInt32(),
            Plateau = new PlateauState(
                plateau.GetProperty("best") is { ValueKind: not JsonValueKind.Null } seen ? Bits(seen) : null, plateau.GetProperty("waited").GetInt32(), plateau.GetProperty("reductions").GetInt32()),
            Optimizer = new UpdateScalars(optimizer.GetProperty("updates").GetInt64(), Number(optimizer, "beta1_power"), Number(optimizer, "beta2_power")),
        };
    }

    private static double Number(JsonElement parent, string name) => Bits(parent.GetProperty(name));

    private static double Bits(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        _ => value.GetString() switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            var other => throw new FormatException($"'{other}' is no number."),
        },
    };

    private static void WriteNumber(Utf8JsonWriter json, string name, double value)
    {
        json.WritePropertyName(name);
        WriteNumber(json, value);
    }

    private static void WriteNumber(Utf8JsonWriter json, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumberValue(value);
        else
            json.WriteStringValue(double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("epoch", Epoch);
        json.WriteNumber("step_in_epoch", StepInEpoch);
        json.WriteNumber("step", Step);
        json.WriteStartObject("epoch_sums");
        WriteNumber(json, "loss", EpochSums.Loss);
        json.WriteNumber("targets", EpochSums.Targets);
        json.WriteNumber("sequences", EpochSums.Sequences);
        json.WriteNumber("correct", EpochSums.Correct);
        json.WriteNumber("tokens", EpochSums.Tokens);
        json.WriteEndObject();
        json.WriteStartObject("last_step");
        WriteNumber(json, "loss", LastStep.Loss);
        WriteNumber(json, "learning_rate", LastStep.LearningRate);
        WriteNumber(json, "grad_norm", LastStep.GradientNorm);
        json.WriteBoolean("applied", LastStep.Applied);
        json.WriteEndObject();
        WriteNumber(json, "rate_factor", RateFactor);
        json.WriteNumber("non_finite_steps", NonFiniteSteps);
        json.WriteNumber("evaluated_step", EvaluatedStep);
        if (Best is null)
        {
            json.WriteNull("best");
        }
        else
        {
            json.WriteStartObject("best");
            json.WriteNumber("step", Best.Step);
            WriteNumber(json, "value", Best.Value);
            json.WriteEndObject();
        }
        json.WriteNumber("evaluations_since_best", EvaluationsSinceBest);
        json.WriteStartObject("plateau");
        if (Plateau.Best is { } seen)
            WriteNumber(json, "best", seen);
        else
            json.WriteNull("best");
        json.WriteNumber("waited", Plateau.Waited);
        json.WriteNumber("reductions", Plateau.Reductions);
        json.WriteEndObject();
        json.WriteStartObject("optimizer");
        json.WriteNumber("updates", Optimizer.Updates);
        WriteNumber(json, "beta1_power", Optimizer.Beta1Power);
        WriteNumber(json, "beta2_power", Optimizer.Beta2Power);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
