using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Optimizers;

/// <summary>
/// How a gradient moves the parameters: one of the rules of <see cref="UpdateRuleKind"/> with its constants. PyTorch's definitions; it knows no
/// layer, only floats, so that a parameter server can apply it to any range.
/// </summary>
/// <remarks>
/// Float32 throughout, every operation exactly rounded, fused multiply-adds only where <see cref="UpdateLoops{TSimd, TVector}"/> writes them: the
/// same bits at every vector width and for every division into ranges. In meaning a rule is dense: a gradient that is absent is +0, and momentum,
/// the two Adams, RMSprop and weight decay move parameters whose gradient is +0. Immutable and thread-safe.
/// </remarks>
public sealed record UpdateRule
{
    /// <summary>What <see cref="Parse"/> allows, for messages and help.</summary>
    public const string Allowed = "sgd, momentum(0.9), nesterov(0.9), adagrad, rmsprop(0.99,1e-8), adam(0.9,0.999,1e-8), adamw(0.01)";

    /// <summary>The decay of a bare "adamw" where the job gives none.</summary>
    public const double AdamWDecay = 0.01;

    private const string Key = "training.optimizer";

    private UpdateRule(UpdateRuleKind kind, double weightDecay)
    {
        Kind = kind;
        WeightDecay = weightDecay;
    }

    /// <summary>Which rule.</summary>
    public UpdateRuleKind Kind { get; }

    /// <summary>mu of <see cref="UpdateRuleKind.Momentum"/> and <see cref="UpdateRuleKind.Nesterov"/>, 0 to below 1; 0 elsewhere.</summary>
    public double Momentum { get; private init; }

    /// <summary>alpha of <see cref="UpdateRuleKind.RmsProp"/>, 0 to below 1; 0 elsewhere.</summary>
    public double Alpha { get; private init; }

    /// <summary>beta1 of the Adams, 0 to below 1; 0 elsewhere.</summary>
    public double Beta1 { get; private init; }

    /// <summary>beta2 of the Adams, 0 to below 1; 0 elsewhere.</summary>
    public double Beta2 { get; private init; }

    /// <summary>What is added to a square root, outside it; 0 for rules without one.</summary>
    public double Epsilon { get; private init; }

    /// <summary>The weight decay: added to the gradient as decay * p, or decoupled in <see cref="UpdateRuleKind.AdamW"/>; 0 or more.</summary>
    public double WeightDecay { get; }

    /// <summary>PyTorch's names of the state vectors, each laid out as the parameters are and +0 at first; none to two.</summary>
    public ImmutableArray<string> StateNames => Kind switch
    {
        UpdateRuleKind.Momentum or UpdateRuleKind.Nesterov => ["momentum_buffer"],
        UpdateRuleKind.AdaGrad => ["sum"],
        UpdateRuleKind.RmsProp => ["square_avg"],
        UpdateRuleKind.Adam or UpdateRuleKind.AdamW => ["exp_avg", "exp_avg_sq"],
        _ => [],
    };

    /// <summary>How many state vectors there are, 0 to 2: the length of <see cref="StateNames"/>.</summary>
    public int StateCount => Kind switch
    {
        UpdateRuleKind.Sgd => 0,
        UpdateRuleKind.Adam or UpdateRuleKind.AdamW => 2,
        _ => 1,
    };

    /// <summary>
    /// Whether an update changes no bit, of parameters or state, where the gradient is +0, so that such ranges may be skipped: plain SGD and AdaGrad,
    /// both without decay.
    /// </summary>
    /// <remarks>
    /// p - rate * (+0) is p, for -0 too: -0 - +0 = -0. A gradient of -0 is not covered: -0 - -0 = +0 turns a parameter of -0 into +0. Rates and factors
    /// are finite and not negative; a signalling NaN among the parameters, which an update would make quiet, does not arise.
    /// </remarks>
    public bool IsIdleOnZeroGradient => Kind is UpdateRuleKind.Sgd or UpdateRuleKind.AdaGrad && WeightDecay == 0;

    /// <summary>Reads the values of training.optimizer and training.weight-decay.</summary>
    /// <param name="text">A name with its arguments: <see cref="Allowed"/>. Arguments left out, from the last, have the values shown there.</param>
    /// <param name="weightDecay">
    /// training.weight-decay; 0 is none. With "adamw" it is the decoupled decay, and may not contradict the argument; where neither is given that is
    /// <see cref="AdamWDecay"/>.
    /// </param>
    /// <exception cref="InvalidInputException">The rule does not exist, an argument is out of its range, or the two decays of adamw differ.</exception>
    public static UpdateRule Parse(string text, double weightDecay = 0)
    {
        var call = CallText.Parse(Key, text, Allowed);
        if (!(weightDecay >= 0 && double.IsFinite(weightDecay)))
            throw new InvalidInputException($"training.weight-decay is {CallText.Of(weightDecay)}; allowed is a finite number from 0.");
        return call.Name switch
        {
            "sgd" => new(UpdateRuleKind.Sgd, weightDecay) { Epsilon = None(call) },
            "momentum" => new(UpdateRuleKind.Momentum, weightDecay) { Momentum = Share(call, 0, 1, "the momentum", 0.9) },
            "nesterov" => new(UpdateRuleKind.Nesterov, weightDecay) { Momentum = Share(call, 0, 1, "the momentum", 0.9) },
            "adagrad" => new(UpdateRuleKind.AdaGrad, weightDecay) { Epsilon = 1e-10 + None(call) },
            "rmsprop" => new(UpdateRuleKind.RmsProp, weightDecay) { Alpha = Share(call, 0, 2, "alpha", 0.99), Epsilon = EpsilonOf(call, 1) },
            "adam" => new(UpdateRuleKind.Adam, weightDecay)
            {
                Beta1 = Share(call, 0, 3, "beta1", 0.9),
                Beta2 = Share(call, 1, 3, "beta2", 0.999),
                Epsilon = EpsilonOf(call, 2),
            },
            "adamw" => new(UpdateRuleKind.AdamW, DecayOf(call, weightDecay)) { Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8 },
            _ => throw new InvalidInputException($"{Key} is '{call.Source}', which is no update rule; allowed: {Allowed}."),
        };
    }

    /// <summary>The rule as <see cref="Parse"/> reads it, every argument spelled out.</summary>
    public override string ToString() => Kind switch
    {
        UpdateRuleKind.Momentum => $"momentum({CallText.Of(Momentum)})",
        UpdateRuleKind.Nesterov => $"nesterov({CallText.Of(Momentum)})",
        UpdateRuleKind.AdaGrad => "adagrad",
        UpdateRuleKind.RmsProp => $"rmsprop({CallText.Of(Alpha)},{CallText.Of(Epsilon)})",
        UpdateRuleKind.Adam => $"adam({CallText.Of(Beta1)},{CallText.Of(Beta2)},{CallText.Of(Epsilon)})",
        UpdateRuleKind.AdamW => $"adamw({CallText.Of(WeightDecay)})",
        _ => "sgd",
    };

    /// <summary>The next update's constants: a pure function, so that every partition, and every replica of one, has the same.</summary>
    /// <param name="before">The scalars before the update.</param>
    /// <param name="learningRate">The rate of this step, finite and 0 or more.</param>
    /// <param name="gradientFactor">What each element of the summed gradient is multiplied by, once; finite and 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate or the factor is negative or not finite.</exception>
    public UpdateStep StepAfter(UpdateScalars before, double learningRate, float gradientFactor) => new(this, before, learningRate, gradientFactor);

    private static double None(CallText call)
    {
        Most(call, 0);
        return 0;
    }

    private static double Share(CallText call, int index, int most, string what, double otherwise)
    {
        Most(call, most);
        return index < call.Arguments.Count ? call.Number(call.Arguments[index], what, value => value is >= 0 and < 1, "a number from 0 to below 1") : otherwise;
    }

    private static double EpsilonOf(CallText call, int index) =>
        index < call.Arguments.Count ? call.Number(call.Arguments[index], "epsilon", value => value is >= 1e-30 and <= 1, "a number from 1e-30 to 1") : 1e-8;

    private static double DecayOf(CallText call, double weightDecay)
    {
        Most(call, 1);
        if (call.Arguments.Count == 0)
            return weightDecay == 0 ? AdamWDecay : weightDecay;
        var decay = call.Number(call.Arguments[0], "the decay", value => value >= 0, "a number from 0");
        if (weightDecay != 0 && weightDecay != decay)
            throw new InvalidInputException($"{Key} is '{call.Source}' and training.weight-decay is {CallText.Of(weightDecay)}: two decays; give one of them, or the same twice.");
        return decay;
    }

    private static void Most(CallText call, int most)
    {
        if (call.Arguments.Count > most)
            throw new InvalidInputException($"{Key} is '{call.Source}' with {call.Arguments.Count} arguments; '{call.Name}' takes {most} at most: {Allowed}.");
    }
}
