using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Optimizers.Tests;

/// <summary>What every update rule must fulfil. A rule gets its tests by deriving from this class.</summary>
/// <param name="text">The rule as a job has it.</param>
/// <param name="weightDecay">The job's decay.</param>
public abstract unsafe class UpdateRuleContract(string text, double weightDecay = 0)
{
    private const int Count = 1003;
    private const int Steps = 4;

    private UpdateRule Rule => UpdateRule.Parse(text, weightDecay);

    public static TheoryData<SimdWidth> Widths => [.. SimdWidths.Available];

    [Fact]
    public void Parse_OfItsOwnText_IsTheSameRule()
    {
        Assert.Equal(Rule, UpdateRule.Parse(Rule.ToString(), weightDecay));
        Assert.Equal(Rule.ToString(), UpdateRule.Parse(Rule.ToString(), weightDecay).ToString());
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Update_AtEveryWidth_GivesTheBitsOfTheScalarOne(SimdWidth width)
    {
        using var expected = new Run(Rule);
        using var actual = new Run(Rule);
        for (var step = 0; step < Steps; step++)
        {
            expected.Step(SimdWidth.Scalar, step, [Count]);
            actual.Step(width, step, [Count]);
        }
        actual.AssertSameBits(expected);
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Update_InRangesSplitAnywhere_GivesTheBitsOfOneRange(SimdWidth width)
    {
        using var expected = new Run(Rule);
        using var actual = new Run(Rule);
        int[][] splits = [[1, 2, 3, 5, 7, 11, 13, 17, 944], [500, 503], [0, 1003], [16, 32, 955]];
        for (var step = 0; step < Steps; step++)
        {
            expected.Step(width, step, [Count]);
            actual.Step(width, step, splits[step]);
        }
        actual.AssertSameBits(expected);
    }

    [Fact]
    public void Update_ResumedFromSavedState_GivesTheBitsOfTheUndisturbedRun()
    {
        using var expected = new Run(Rule);
        using var first = new Run(Rule);
        using var second = new Run(Rule);
        for (var step = 0; step < Steps; step++)
        {
            expected.Step(SimdWidths.Current, step, [Count]);
            if (step < 2)
                first.Step(SimdWidths.Current, step, [Count]);
            if (step == 2)
                second.Resume(first);
            if (step >= 2)
                second.Step(SimdWidths.Current, step, [Count]);
        }
        second.AssertSameBits(expected);
        Assert.Equal(Steps, second.State.Scalars.Updates);
    }

    [Fact]
    public void Update_OfARange_TouchesNothingAroundIt()
    {
        using var run = new Run(Rule);
        using var untouched = new Run(Rule);
        var step = run.State.Prepare(0.1, 0.5f);
        run.State.Update(step, run.Parameters, run.GradientOf(0), 37, 101);
        for (var i = 0; i < Count; i++)
        {
            if (i is >= 37 and < 138)
                continue;
            Assert.Equal(BitConverter.SingleToInt32Bits(untouched.Parameters.Span[i]), BitConverter.SingleToInt32Bits(run.Parameters.Span[i]));
            foreach (var vector in run.State.Vectors)
                Assert.Equal(0, BitConverter.SingleToInt32Bits(vector.Span[i]));
        }
        Assert.NotEqual(untouched.Parameters.Slice(37, 101).ToArray(), run.Parameters.Slice(37, 101).ToArray());
    }

    [Fact]
    public void Update_OfAGapBetweenTensors_LeavesItPlusZero()
    {
        using var state = new OptimizerState(Rule, 32);
        using var parameters = new FloatBuffer(32);
        using var gradient = new FloatBuffer(32);
        for (var i = 0; i < Steps; i++)
        {
            var step = state.Prepare(0.1, 0.25f);
            state.Update(step, parameters, gradient, 0, 32);
            state.Commit(step);
        }
        Assert.All(parameters.Span.ToArray(), value => Assert.Equal(0, BitConverter.SingleToInt32Bits(value)));
        foreach (var vector in state.Vectors)
            Assert.All(vector.Span.ToArray(), value => Assert.Equal(0, BitConverter.SingleToInt32Bits(value)));
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void IsIdleOnZeroGradient_AgainstTheUpdateItself_SaysTheTruth(SimdWidth width)
    {
        using var run = new Run(Rule);
        run.Step(width, 0, [Count]);
        run.Parameters.Span[0] = -0.0f;
        run.Parameters.Span[1] = 0.0f;
        run.Parameters.Span[2] = float.Epsilon;
        run.Parameters.Span[3] = -float.MaxValue;
        run.Parameters.Span[4] = float.NegativeInfinity;
        using var before = new Run(Rule);
        before.Resume(run);
        using var zero = new FloatBuffer(Count);
        run.Apply(width, run.State.Prepare(0.1, 0.5f), zero, [Count]);
        Assert.Equal(Rule.IsIdleOnZeroGradient, run.HasSameBits(before));
    }

    [Fact]
    public void Update_WithAFactor_IsTheUpdateOfTheMultipliedGradient()
    {
        using var expected = new Run(Rule);
        using var actual = new Run(Rule);
        var gradient = expected.GradientOf(3);
        var scaled = new FloatBuffer(Count);
        for (var i = 0; i < Count; i++)
            scaled.Span[i] = gradient.Span[i] * 0.3f;
        expected.Apply(SimdWidths.Current, expected.State.Prepare(0.1, 1), scaled, [Count]);
        actual.Apply(SimdWidths.Current, actual.State.Prepare(0.1, 0.3f), gradient, [Count]);
        actual.AssertSameBits(expected);
        scaled.Dispose();
    }

    /// <summary>Parameters, state, and gradients that depend on the step alone; the gradient's margin is garbage.</summary>
    private sealed class Run : IDisposable
    {
        private readonly FloatBuffer _gradient = new(Count);

        public Run(UpdateRule rule)
        {
            State = new OptimizerState(rule, Count);
            for (var i = 0; i < Count; i++)
                Parameters.Span[i] = Value(i, 17) * 0.25f;
        }

        public OptimizerState State { get; }

        public FloatBuffer Parameters { get; } = new(Count);

        public FloatBuffer GradientOf(int step)
        {
            for (var i = 0; i < Count; i++)
                _gradient.Span[i] = (i + step) % 5 == 0 ? 0 : Value(i, step + 101);
            for (var i = 0; i < FloatBuffer.MarginCount; i++)
                _gradient.Pointer[Count + i] = float.NaN;
            return _gradient;
        }

        public void Step(SimdWidth width, int step, int[] counts)
        {
            var update = State.Prepare(0.1 / (step + 1), 1f / 3);
            Apply(width, update, GradientOf(step), counts);
            State.Commit(update);
        }

        public void Apply(SimdWidth width, UpdateStep step, FloatBuffer gradient, int[] counts)
        {
            var kernels = UpdateKernels.Create(width);
            nint start = 0;
            foreach (var count in counts)
            {
                var state0 = State.Vectors.Length > 0 ? State.Vectors[0].Pointer + start : null;
                var state1 = State.Vectors.Length > 1 ? State.Vectors[1].Pointer + start : null;
                step.Update(kernels, Parameters.Pointer + start, gradient.Pointer + start, state0, state1, count);
                start += count;
            }
            Assert.Equal(Count, start);
        }

        public void Resume(Run other)
        {
            Parameters.CopyFrom(other.Parameters);
            for (var i = 0; i < State.Vectors.Length; i++)
                State.Vectors[i].CopyFrom(other.State.Vectors[i]);
            State.Scalars = other.State.Scalars;
        }

        public bool HasSameBits(Run other)
        {
            var same = Bits(Parameters).SequenceEqual(Bits(other.Parameters)) && State.Scalars == other.State.Scalars;
            for (var i = 0; i < State.Vectors.Length; i++)
                same &= Bits(State.Vectors[i]).SequenceEqual(Bits(other.State.Vectors[i]));
            return same;
        }

        public void AssertSameBits(Run other)
        {
            Assert.All(Parameters.Span.ToArray(), value => Assert.True(float.IsFinite(value)));
            Assert.Equal(Bits(other.Parameters), Bits(Parameters));
            for (var i = 0; i < State.Vectors.Length; i++)
                Assert.Equal(Bits(other.State.Vectors[i]), Bits(State.Vectors[i]));
            Assert.Equal(other.State.Scalars, State.Scalars);
        }

        public void Dispose()
        {
            State.Dispose();
            Parameters.Dispose();
            _gradient.Dispose();
        }

        private static int[] Bits(FloatBuffer buffer) => [.. buffer.Span.ToArray().Select(BitConverter.SingleToInt32Bits)];

        private static float Value(int i, int salt)
        {
            var bits = unchecked((uint)(i * 2654435761u + salt * 40503u));
            bits ^= bits >> 15;
            bits *= 2246822519u;
            bits ^= bits >> 13;
            return ((int)(bits >> 8) - (1 << 23)) / (float)(1 << 22);
        }
    }
}

public sealed class SgdContractTests() : UpdateRuleContract("sgd");

public sealed class SgdWithDecayContractTests() : UpdateRuleContract("sgd", 0.01);

public sealed class MomentumContractTests() : UpdateRuleContract("momentum(0.9)");

public sealed class NesterovContractTests() : UpdateRuleContract("nesterov(0.8)", 0.01);

public sealed class AdaGradContractTests() : UpdateRuleContract("adagrad");

public sealed class AdaGradWithDecayContractTests() : UpdateRuleContract("adagrad", 0.01);

public sealed class RmsPropContractTests() : UpdateRuleContract("rmsprop(0.99,1e-8)");

public sealed class AdamContractTests() : UpdateRuleContract("adam");

public sealed class AdamWithDecayContractTests() : UpdateRuleContract("adam(0.8,0.99,1e-4)", 0.01);

public sealed class AdamWContractTests() : UpdateRuleContract("adamw(0.01)");
