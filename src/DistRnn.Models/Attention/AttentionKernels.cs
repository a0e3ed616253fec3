using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>The loops of attention over one row of scores, and tanh forward and back, at one vector width. Rows have room for their length rounded up to 16.</summary>
internal abstract unsafe class AttentionKernels
{
    /// <summary>The kernels of a width.</summary>
    public static AttentionKernels Create(SimdWidth width) => width switch
    {
        SimdWidth.Bits512 => new AttentionKernels<Simd512, Vector512<float>>(),
        SimdWidth.Bits256 => new AttentionKernels<Simd256, Vector256<float>>(),
        SimdWidth.Bits128 => new AttentionKernels<Simd128, Vector128<float>>(),
        _ => new AttentionKernels<SimdScalar, float>(),
    };

    /// <summary>e_s goes on with the sum over a, ascending, of v_a tanh(q_a + k_as).</summary>
    /// <param name="query">q, [size].</param>
    /// <param name="v">v, [size].</param>
    /// <param name="keys">k, [size, stride]: a row for each a.</param>
    /// <param name="size">How many a there are.</param>
    /// <param name="stride">Floats from a row of keys to the next.</param>
    /// <param name="count">How many s there are.</param>
    /// <param name="scores">e, [count].</param>
    public abstract void AdditiveScores(float* query, float* v, float* keys, int size, nint stride, int count, float* scores);

    /// <summary>Scores, times a factor, become weights: e^(e_s - max) / sum, the sum of 16 interleaved parts.</summary>
    /// <param name="scores">[count].</param>
    /// <param name="count">How many there are, at least 1.</param>
    /// <param name="scale">The factor.</param>
    public abstract void Softmax(float* scores, int count, float scale);

    /// <summary>dE/de_s = w_s (dE/dw_s - sum_j w_j dE/dw_j) times the scores' factor, in place of dE/dw.</summary>
    /// <param name="weights">w, [count].</param>
    /// <param name="gradients">dE/dw, then dE/de, [count].</param>
    /// <param name="count">How many there are.</param>
    /// <param name="scale">The factor.</param>
    public abstract void SoftmaxBackward(float* weights, float* gradients, int count, float scale);

    /// <summary>
    /// Back through additive scores, for some a: dE/dq_a = v_a sum_s d_s (1 - h_s^2) in place of q_a, dE/dv_a = sum_s d_s h_s, and v_a d_s (1 - h_s^2) is
    /// added to dE/dk_s, where h_s = tanh(q_a + k_s) and d_s is the score's gradient; s ascending.
    /// </summary>
    /// <param name="query">q, [size]; becomes its gradient.</param>
    /// <param name="v">v, [size].</param>
    /// <param name="keys">k, [count, stride]: a row for each s.</param>
    /// <param name="keyGradients">dE/dk, laid out as the keys.</param>
    /// <param name="stride">Floats from a row of keys to the next.</param>
    /// <param name="scoreGradients">d, [count].</param>
    /// <param name="count">How many s there are.</param>
    /// <param name="size">How many a there are.</param>
    /// <param name="vGradient">dE/dv of this row alone, [size].</param>
    public abstract void AdditiveBackward(
        float* query, float* v, float* keys, float* keyGradients, nint stride, float* scoreGradients, int count, int size, float* vGradient);

    /// <summary>x becomes tanh(x).</summary>
    /// <param name="values">[count].</param>
    /// <param name="count">How many there are.</param>
    public abstract void Tanh(float* values, int count);

    /// <summary>y becomes dE/dy (1 - y^2).</summary>
    /// <param name="values">y, [count].</param>
    /// <param name="gradients">dE/dy, [count].</param>
    /// <param name="count">How many there are.</param>
    public abstract void TanhBackward(float* values, float* gradients, int count);
}

/// <summary>The loops at the width of <typeparamref name="TSimd"/>.</summary>
internal sealed unsafe class AttentionKernels<TSimd, TVector> : AttentionKernels
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void AdditiveScores(float* query, float* v, float* keys, int size, nint stride, int count, float* scores)
    {
        for (nint s = 0; s < count; s += TSimd.Count)
        {
            var score = TSimd.Load(scores + s);
            var key = keys + s;
            for (nint a = 0; a < size; a++)
            {
                var h = VectorMath.Tanh<TSimd, TVector>(TSimd.Add(TSimd.Broadcast(query[a]), TSimd.Load(key)));
                score = TSimd.FusedMultiplyAdd(TSimd.Broadcast(v[a]), h, score);
                key += stride;
            }
            TSimd.Store(scores + s, score);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Softmax(float* scores, int count, float scale)
    {
        var factor = TSimd.Broadcast(scale);
        var largest = float.NegativeInfinity;
        for (nint s = 0; s < count; s += TSimd.Count)
            TSimd.Store(scores + s, TSimd.Multiply(TSimd.Load(scores + s), factor));
        for (nint s = 0; s < count; s++)
            largest = scores[s] > largest ? scores[s] : largest;
        var top = TSimd.Broadcast(largest);
        var sums = stackalloc float[16];
        for (var lane = 0; lane < 16; lane += TSimd.Count)
        {
            var sum = TSimd.Broadcast(0f);
            for (var s = lane; s < count; s += 16)
            {
                var e = VectorMath.Exp<TSimd, TVector>(TSimd.Subtract(TSimd.Load(scores + s), top));
                if (count - s < TSimd.Count)
                    e = TSimd.Select(TSimd.FirstLanes(count - s), e, TSimd.Broadcast(0f));
                TSimd.Store(scores + s, e);
                sum = TSimd.Add(sum, e);
            }
            TSimd.Store(sums + lane, sum);
        }
        var inverse = TSimd.Broadcast(1f / SumOf(sums));
        for (nint s = 0; s < count; s += TSimd.Count)
            TSimd.Store(scores + s, TSimd.Multiply(TSimd.Load(scores + s), inverse));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void SoftmaxBackward(float* weights, float* gradients, int count, float scale)
    {
        var sums = stackalloc float[16];
        for (var lane = 0; lane < 16; lane += TSimd.Count)
        {
            var sum = TSimd.Broadcast(0f);
            for (var s = lane; s < count; s += 16)
            {
                var next = TSimd.FusedMultiplyAdd(TSimd.Load(weights + s), TSimd.Load(gradients + s), sum);
                sum = count - s < TSimd.Count ? TSimd.Select(TSimd.FirstLanes(count - s), next, sum) : next;
            }
            TSimd.Store(sums + lane, sum);
        }
        var (mean, factor) = (TSimd.Broadcast(SumOf(sums)), TSimd.Broadcast(scale));
        for (nint s = 0; s < count; s += TSimd.Count)
            TSimd.Store(gradients + s, TSimd.Multiply(TSimd.Multiply(TSimd.Load(weights + s), TSimd.Subtract(TSimd.Load(gradients + s), mean)), factor));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void AdditiveBackward(
        float* query, float* v, float* keys, float* keyGradients, nint stride, float* scoreGradients, int count, int size, float* vGradient)
    {
        var one = TSimd.Broadcast(1f);
        for (nint a = 0; a < size; a += TSimd.Count)
        {
            var (q, weight) = (TSimd.Load(query + a), TSimd.Load(v + a));
            var (dq, dv) = (TSimd.Broadcast(0f), TSimd.Broadcast(0f));
            float* key = keys + a, keyGradient = keyGradients + a;
            for (nint s = 0; s < count; s++)
            {
                var h = VectorMath.Tanh<TSimd, TVector>(TSimd.Add(q, TSimd.Load(key)));
                var d = TSimd.Broadcast(scoreGradients[s]);
                var g = TSimd.Multiply(d, TSimd.FusedNegateMultiplyAdd(h, h, one));
                dq = TSimd.Add(dq, g);
                dv = TSimd.FusedMultiplyAdd(d, h, dv);
                TSimd.Store(keyGradient, TSimd.FusedMultiplyAdd(weight, g, TSimd.Load(keyGradient)));
                key += stride;
                keyGradient += stride;
            }
            TSimd.Store(query + a, TSimd.Multiply(weight, dq));
            TSimd.Store(vGradient + a, dv);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Tanh(float* values, int count)
    {
        for (nint i = 0; i < count; i += TSimd.Count)
            TSimd.Store(values + i, VectorMath.Tanh<TSimd, TVector>(TSimd.Load(values + i)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void TanhBackward(float* values, float* gradients, int count)
    {
        var one = TSimd.Broadcast(1f);
        for (nint i = 0; i < count; i += TSimd.Count)
        {
            var y = TSimd.Load(values + i);
            TSimd.Store(values + i, TSimd.Multiply(TSimd.Load(gradients + i), TSimd.FusedNegateMultiplyAdd(y, y, one)));
        }
    }

    /// <summary>The fixed tree over 16 partial sums: halves are added until one is left.</summary>
    private static float SumOf(float* sums)
    {
        for (var half = 8; half > 0; half /= 2)
            for (var i = 0; i < half; i++)
                sums[i] += sums[i + half];
        return sums[0];
    }
}
