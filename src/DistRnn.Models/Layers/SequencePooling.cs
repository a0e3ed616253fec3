using System.Runtime.Intrinsics;

namespace DistRnn.Models;

/// <summary>
/// What the output layer of a sequence reads of the top layer's states: one row of F + B units from its T steps, the forward direction's F units
/// before the backward direction's B. The states are packed and time-major; a row list says where each step of the sequence lies.
/// </summary>
/// <remarks>
/// Every element is one chain over t, ascending, so neither threads nor vector width nor the other sequences of the batch change a bit.
/// Each call does one sequence and touches only its rows; different sequences may be done by different threads.
/// </remarks>
internal static unsafe class SequencePooling
{
    /// <summary>Pools one sequence.</summary>
    /// <param name="kind">What is read.</param>
    /// <param name="states">The states: row r begins at r * <paramref name="stateStride"/>, the forward units first.</param>
    /// <param name="stateStride">Floats from one row to the next.</param>
    /// <param name="rowOfStep">The row of each step, [<paramref name="length"/>].</param>
    /// <param name="length">Steps of the sequence, T, at least 1.</param>
    /// <param name="forwardUnits">Units of the forward direction, F.</param>
    /// <param name="backwardUnits">Units of the backward direction, B; 0 where there is none.</param>
    /// <param name="backwardOffset">Where in a row the backward units begin.</param>
    /// <param name="pooled">Out: [F + B]. Mean: the sum over t, then one multiplication by float(1 / T).</param>
    /// <param name="argmax">Out, for <see cref="Pooling.Max"/>: the step of each unit's largest value, the first of equals, [F + B]. Not touched otherwise.</param>
    public static void Forward(
        Pooling kind, float* states, nint stateStride, int* rowOfStep, int length, int forwardUnits, int backwardUnits, nint backwardOffset, float* pooled, int* argmax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        switch (kind)
        {
            case Pooling.Last:
                new ReadOnlySpan<float>(states + rowOfStep[length - 1] * stateStride, forwardUnits).CopyTo(new Span<float>(pooled, forwardUnits));
                new ReadOnlySpan<float>(states + rowOfStep[0] * stateStride + backwardOffset, backwardUnits).CopyTo(new Span<float>(pooled + forwardUnits, backwardUnits));
                break;
            case Pooling.Mean:
                Mean(states, stateStride, rowOfStep, length, forwardUnits, pooled);
                Mean(states + backwardOffset, stateStride, rowOfStep, length, backwardUnits, pooled + forwardUnits);
                break;
            case Pooling.Max:
                Max(states, stateStride, rowOfStep, length, forwardUnits, pooled, argmax);
                Max(states + backwardOffset, stateStride, rowOfStep, length, backwardUnits, pooled + forwardUnits, argmax + forwardUnits);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such pooling.");
        }
    }

    /// <summary>Adds the pooled row's gradient to the gradients of the states it came from.</summary>
    /// <param name="kind">What was read.</param>
    /// <param name="dPooled">The gradient of the pooled row, [F + B].</param>
    /// <param name="rowOfStep">The row of each step, [<paramref name="length"/>].</param>
    /// <param name="length">Steps of the sequence, T, at least 1.</param>
    /// <param name="forwardUnits">Units of the forward direction, F.</param>
    /// <param name="backwardUnits">Units of the backward direction, B.</param>
    /// <param name="backwardOffset">Where in a row the backward units begin.</param>
    /// <param name="argmax">For <see cref="Pooling.Max"/>: what <see cref="Forward"/> left, [F + B].</param>
    /// <param name="dStates">The gradients of the states, laid out as they are. Mean: each step gets dPooled * float(1 / T).</param>
    /// <param name="stateStride">Floats from one row to the next.</param>
    public static void Backward(
        Pooling kind, float* dPooled, int* rowOfStep, int length, int forwardUnits, int backwardUnits, nint backwardOffset, int* argmax, float* dStates, nint stateStride)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        switch (kind)
        {
            case Pooling.Last:
                AddScaled(dPooled, 1, dStates + rowOfStep[length - 1] * stateStride, forwardUnits);
                AddScaled(dPooled + forwardUnits, 1, dStates + rowOfStep[0] * stateStride + backwardOffset, backwardUnits);
                break;
            case Pooling.Mean:
                var scale = 1f / length;
                for (var t = 0; t < length; t++)
                {
                    AddScaled(dPooled, scale, dStates + rowOfStep[t] * stateStride, forwardUnits);
                    AddScaled(dPooled + forwardUnits, scale, dStates + rowOfStep[t] * stateStride + backwardOffset, backwardUnits);
                }
                break;
            case Pooling.Max:
                for (var unit = 0; unit < forwardUnits; unit++)
                    dStates[rowOfStep[argmax[unit]] * stateStride + unit] += dPooled[unit];
                for (var unit = 0; unit < backwardUnits; unit++)
                    dStates[rowOfStep[argmax[forwardUnits + unit]] * stateStride + backwardOffset + unit] += dPooled[forwardUnits + unit];
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such pooling.");
        }
    }

    private static void Mean(float* states, nint stride, int* rowOfStep, int length, int units, float* pooled)
    {
        new ReadOnlySpan<float>(states + rowOfStep[0] * stride, units).CopyTo(new Span<float>(pooled, units));
        for (var t = 1; t < length; t++)
            AddScaled(states + rowOfStep[t] * stride, 1, pooled, units);
        var scale = 1f / length;
        for (var unit = 0; unit < units; unit++)
            pooled[unit] *= scale;
    }

    private static void Max(float* states, nint stride, int* rowOfStep, int length, int units, float* pooled, int* argmax)
    {
        new ReadOnlySpan<float>(states + rowOfStep[0] * stride, units).CopyTo(new Span<float>(pooled, units));
        new Span<int>(argmax, units).Clear();
        for (var t = 1; t < length; t++)
        {
            var row = states + rowOfStep[t] * stride;
            nint unit = 0;
            for (; unit + Vector256<float>.Count <= units; unit += Vector256<float>.Count)
            {
                var (value, best) = (Vector256.Load(row + unit), Vector256.Load(pooled + unit));
                var larger = Vector256.GreaterThan(value, best);
                Vector256.ConditionalSelect(larger, value, best).Store(pooled + unit);
                Vector256.ConditionalSelect(larger.AsInt32(), Vector256.Create(t), Vector256.Load(argmax + unit)).Store(argmax + unit);
            }
            for (; unit < units; unit++)
                if (row[unit] > pooled[unit])
                    (pooled[unit], argmax[unit]) = (row[unit], t);
        }
    }

    /// <summary>to += from * scale, both roundings kept; a scale of 1 changes nothing.</summary>
    public static void AddScaled(float* from, float scale, float* to, int count)
    {
        var scales = Vector256.Create(scale);
        nint i = 0;
        for (; i + Vector256<float>.Count <= count; i += Vector256<float>.Count)
            (Vector256.Load(to + i) + Vector256.Load(from + i) * scales).Store(to + i);
        for (; i < count; i++)
            to[i] += from[i] * scale;
    }
}
