namespace DistRnn.Models.Tests;

public sealed unsafe class SequenceLossTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(24, true)]
    [InlineData(37, false)]
    [InlineData(720, true)]
    public void MeanSquaredError_OfARow_IsTheMeanAndItsGradientTheDerivative(int count, bool hasBase)
    {
        var random = new Random(count);
        float[] outputs = Row(count, random), bases = Row(count, random), targets = Row(count, random), gradient = new float[count + 1];
        gradient[count] = GarbageFloats.Garbage;
        double loss;
        fixed (float* x = outputs, b = bases, y = targets, g = gradient)
            loss = MeanSquaredError.OfRow(x, hasBase ? b : null, y, g, count);
        Assert.Equal(GarbageFloats.Garbage, gradient[count]);
        var differences = Enumerable.Range(0, count).Select(i => (hasBase ? outputs[i] + bases[i] : outputs[i]) - targets[i]).ToArray();
        Assert.Equal(differences.Sum(d => (double)d * d) / count, loss, 1e-12);
        for (var i = 0; i < count; i++)
            Assert.Equal(2f * differences[i] / count, gradient[i]);
        AssertDerivative(outputs, gradient, changed =>
        {
            fixed (float* x = changed, b = bases, y = targets)
                return MeanSquaredError.OfRow(x, hasBase ? b : null, y, null, count);
        });
    }

    [Fact]
    public void MeanSquaredError_IntoItsOwnOutputs_GivesTheSameGradient()
    {
        var random = new Random(5);
        float[] outputs = Row(50, random), targets = Row(50, random), gradient = new float[50];
        fixed (float* x = outputs, y = targets, g = gradient)
        {
            var apart = MeanSquaredError.OfRow(x, null, y, g, 50);
            Assert.Equal(apart, MeanSquaredError.OfRow(x, null, y, x, 50));
        }
        Assert.Equal(gradient, outputs);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(53)]
    public void BinaryCrossEntropy_OfARow_IsTheFormulaAndItsGradientTheDerivative(int count)
    {
        var random = new Random(count);
        float[] logits = Row(count, random, 6), targets = [.. Row(count, random).Select(value => value > 0 ? 1f : 0f)], gradient = new float[count + 1];
        gradient[count] = GarbageFloats.Garbage;
        double loss;
        fixed (float* x = logits, y = targets, g = gradient)
            loss = BinaryCrossEntropy.OfRow(x, y, g, count);
        Assert.Equal(GarbageFloats.Garbage, gradient[count]);
        var sigmoids = logits.Select(value => 1 / (1 + Math.Exp(-(double)value))).ToArray();
        Assert.Equal(Enumerable.Range(0, count).Sum(i => -(targets[i] * Math.Log(sigmoids[i]) + (1 - targets[i]) * Math.Log(1 - sigmoids[i]))), loss, 1e-9);
        for (var i = 0; i < count; i++)
            Assert.Equal(sigmoids[i] - targets[i], gradient[i], 1e-6);
        AssertDerivative(logits, gradient, changed =>
        {
            fixed (float* x = changed, y = targets)
                return BinaryCrossEntropy.OfRow(x, y, null, count);
        });
    }

    [Theory]
    [InlineData(1000, 1, 0)]
    [InlineData(1000, 0, 1000)]
    [InlineData(-1000, 1, 1000)]
    [InlineData(-1000, 0, 0)]
    [InlineData(0, 0.5, 0.69314718055994531)]
    [InlineData(-0.0, 0, 0.69314718055994531)]
    [InlineData(float.NaN, 0, double.NaN)]
    public void BinaryCrossEntropy_OfExtremeLogits_IsExact(float logit, float target, double expected)
    {
        float gradient;
        var loss = BinaryCrossEntropy.OfRow(&logit, &target, &gradient, 1);
        if (double.IsNaN(expected))
            Assert.True(double.IsNaN(loss) && float.IsNaN(gradient));
        else
            Assert.Equal(expected, loss, 1e-14);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(1003)]
    public void InterleavedSum_OfAnyCount_IsSixteenChainsAndATree(int count)
    {
        var random = new Random(count);
        var values = Enumerable.Range(0, count).Select(_ => random.NextDouble() - 0.5).ToArray();
        var sum = new InterleavedSum();
        foreach (var value in values)
            sum.Add(value);
        var chains = Enumerable.Range(0, 16).Select(chain => Enumerable.Range(0, count).Where(k => k % 16 == chain).Aggregate(0.0, (total, k) => total + values[k])).ToArray();
        for (; chains.Length > 1; chains = [.. chains.Take(chains.Length / 2).Zip(chains.Skip(chains.Length / 2), (a, b) => a + b)])
        {
        }
        Assert.Equal(BitConverter.DoubleToInt64Bits(chains[0]), BitConverter.DoubleToInt64Bits(sum.Total));
    }

    /// <summary>Central differences along every coordinate, with the step that the floats really took.</summary>
    private static void AssertDerivative(float[] outputs, float[] gradient, Func<float[], double> loss)
    {
        for (var i = 0; i < outputs.Length; i += 1 + outputs.Length / 40)
        {
            var (up, down) = ((float[])outputs.Clone(), (float[])outputs.Clone());
            up[i] += 1 / 1024f;
            down[i] -= 1 / 1024f;
            var slope = (loss(up) - loss(down)) / ((double)up[i] - down[i]);
            Assert.Equal(slope, gradient[i], 2e-5);
        }
    }

    private static float[] Row(int count, Random random, float scale = 1) => [.. Enumerable.Range(0, count).Select(_ => scale * (2 * random.NextSingle() - 1))];
}
