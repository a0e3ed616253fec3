using DistRnn.Numerics;

namespace DistRnn.Optimizers;

/// <summary>The learning rate as a pure function of where training stands; a course of <see cref="ScheduleKind"/>, after a warm-up where there is one.</summary>
/// <remarks>
/// A warm-up of N steps raises the rate in equal parts, base * (step + 1) / N, so that its last step has the base; then the course begins as if
/// training began there: its steps are counted from the warm-up's end, its epochs are not. Computed in double. Immutable and thread-safe.
/// </remarks>
public sealed record Schedule
{
    /// <summary>What <see cref="Parse"/> allows, for messages and help.</summary>
    public const string Allowed = "none, decay(0.5, after-epoch 4), plateau(0.25, patience 1), cosine, linear, linear(0.0001), warmup(N, then one of these)";

    private const string Key = "training.schedule";

    private Schedule(ScheduleKind kind) => Kind = kind;

    /// <summary>The constant rate.</summary>
    public static Schedule Constant { get; } = new(ScheduleKind.None);

    /// <summary>The course.</summary>
    public ScheduleKind Kind { get; private init; }

    /// <summary>What a decay or a plateau multiplies by, above 0 and at most 1; 1 elsewhere.</summary>
    public double Factor { get; private init; } = 1;

    /// <summary>The share of the base that a linear course does not fall below, at most 1; 0 for none.</summary>
    public double Floor { get; private init; }

    /// <summary>The epochs before a decay begins, at least 1; 0 elsewhere.</summary>
    public int AfterEpoch { get; private init; }

    /// <summary>The validation results without a better one that a plateau waits for, at least 1; 0 elsewhere.</summary>
    public int Patience { get; private init; }

    /// <summary>Steps of the warm-up; 0 for none.</summary>
    public int WarmupSteps { get; private init; }

    /// <summary>Whether the course needs validation results.</summary>
    public bool NeedsValidation => Kind == ScheduleKind.Plateau;

    /// <summary>Reads the value of training.schedule.</summary>
    /// <param name="text">One of <see cref="Allowed"/>. "warmup(100)" is "warmup(100, none)", and the word "then" may stand before the second part.</param>
    /// <exception cref="InvalidInputException">The schedule does not exist, or an argument is missing or out of its range.</exception>
    public static Schedule Parse(string text)
    {
        var call = CallText.Parse(Key, text, Allowed);
        switch (call.Name)
        {
            case "none":
                Takes(call, 0);
                return Constant;
            case "cosine":
                Takes(call, 0);
                return new Schedule(ScheduleKind.Cosine);
            case "linear":
                if (call.Arguments.Count == 0)
                    return new Schedule(ScheduleKind.Linear);
                Takes(call, 1);
                return new Schedule(ScheduleKind.Linear) { Floor = call.Number(call.Arguments[0], "the floor", value => value is > 0 and <= 1, "a number above 0, at most 1") };
            case "decay":
                Takes(call, 2);
                return new Schedule(ScheduleKind.Decay) { Factor = FactorOf(call), AfterEpoch = NamedCount(call, "after-epoch") };
            case "plateau":
                Takes(call, 2);
                return new Schedule(ScheduleKind.Plateau) { Factor = FactorOf(call), Patience = NamedCount(call, "patience") };
            case "warmup":
                if (call.Arguments.Count is not (1 or 2))
                    throw Wrong(call, "a number of steps and one of the other schedules");
                var steps = call.Count(call.Arguments[0], "the warm-up's number of steps");
                var after = call.Arguments.Count == 1 ? Constant : Parse(WithoutThen(call.Arguments[1]));
                if (after.WarmupSteps > 0)
                    throw Wrong(call, "one of the other schedules after it, not a second warm-up");
                return after with { WarmupSteps = steps };
            default:
                throw new InvalidInputException($"{Key} is '{call.Source}', which is no schedule; allowed: {Allowed}.");
        }
    }

    /// <summary>The learning rate of a step.</summary>
    /// <param name="baseRate">training.learning-rate.</param>
    /// <param name="step">The step over the whole run, 0 or more.</param>
    /// <param name="totalSteps">Steps of the whole run, at least 1. A resumed run that asks for more epochs has more.</param>
    /// <param name="epoch">The epoch of the step, 0 or more.</param>
    /// <param name="plateau">What <see cref="After"/> made of the results before the step.</param>
    public double RateAt(double baseRate, long step, long totalSteps, int epoch, PlateauState plateau)
    {
        ArgumentNullException.ThrowIfNull(plateau);
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(totalSteps);
        if (step < WarmupSteps)
            return baseRate * ((double)(step + 1) / WarmupSteps);
        var (done, all) = (step - WarmupSteps, totalSteps - WarmupSteps);
        var share = done < all ? (double)done / all : 1;
        return Kind switch
        {
            ScheduleKind.Decay => baseRate * Power(Math.Max(0, epoch + 1 - AfterEpoch)),
            ScheduleKind.Plateau => baseRate * Power(plateau.Reductions),
            ScheduleKind.Cosine => baseRate * (share < 1 ? (1 + ScalarMath.Cos(Math.PI * share)) / 2 : 0),
            ScheduleKind.Linear => baseRate * Math.Max(Floor, 1 - share),
            _ => baseRate,
        };
    }

    /// <summary>What the schedule makes of a validation result; without a plateau nothing.</summary>
    /// <param name="state">What it knew.</param>
    /// <param name="criterion">The result, on the criterion of training.best. NaN is never better.</param>
    /// <param name="isHigherBetter">Whether a higher result is better (accuracy, F1) and not a lower one (loss, errors). Equal is not better.</param>
    public PlateauState After(PlateauState state, double criterion, bool isHigherBetter)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (Kind != ScheduleKind.Plateau)
            return state;
        var isBetter = !double.IsNaN(criterion) && (state.Best is not { } best || (isHigherBetter ? criterion > best : criterion < best));
        if (isBetter)
            return state with { Best = criterion, Waited = 0 };
        return state.Waited + 1 >= Patience
            ? state with { Waited = 0, Reductions = state.Reductions + 1 }
            : state with { Waited = state.Waited + 1 };
    }

    /// <summary>The schedule as <see cref="Parse"/> reads it.</summary>
    public override string ToString()
    {
        var course = Kind switch
        {
            ScheduleKind.Decay => $"decay({CallText.Of(Factor)}, after-epoch {CallText.Of(AfterEpoch)})",
            ScheduleKind.Plateau => $"plateau({CallText.Of(Factor)}, patience {CallText.Of(Patience)})",
            ScheduleKind.Cosine => "cosine",
            ScheduleKind.Linear => Floor == 0 ? "linear" : $"linear({CallText.Of(Floor)})",
            _ => "none",
        };
        return WarmupSteps == 0 ? course : $"warmup({CallText.Of(WarmupSteps)}, {course})";
    }

    private double Power(int exponent)
    {
        var power = 1.0;
        for (var i = 0; i < exponent && power != 0; i++)
            power *= Factor;
        return power;
    }

    private static string WithoutThen(string text) => text.StartsWith("then ", StringComparison.Ordinal) ? text["then ".Length..] : text;

    private static double FactorOf(CallText call) => call.Number(call.Arguments[0], "the factor", value => value is > 0 and <= 1, "a number above 0, at most 1");

    private static int NamedCount(CallText call, string name)
    {
        var parts = call.Arguments[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 2 && parts[0] == name)
            return call.Count(parts[1], name);
        throw Wrong(call, $"a factor and then '{name} N', not '{call.Arguments[1]}'");
    }

    private static void Takes(CallText call, int count)
    {
        if (call.Arguments.Count != count)
            throw Wrong(call, count == 0 ? "no arguments" : $"{count} arguments, not {call.Arguments.Count}");
    }

    private static InvalidInputException Wrong(CallText call, string takes) =>
        new($"{Key} is '{call.Source}'; '{call.Name}' takes {takes}. Allowed: {Allowed}.");
}
