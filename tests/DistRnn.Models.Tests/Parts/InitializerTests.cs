using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

public sealed class InitializerTests
{
    private static readonly NetworkOptions Options = new()
    {
        Vocabularies = [200, 11],
        Embeddings = [40, 6],
        Hidden = [70, 50],
        Bidirectional = true,
        Peepholes = true,
        Outputs = 90,
    };

    [Fact]
    public void Initialize_AsTorch_HasTheDefaultsOfTorch()
    {
        var tensors = Draw(Options, 1);
        AssertNormal(tensors["embedding.weight"], 1);
        foreach (var (name, values) in tensors.Where(pair => pair.Key.StartsWith("rnn.", StringComparison.Ordinal)))
            AssertUniform(values, 1 / Math.Sqrt(name.Contains("_l0", StringComparison.Ordinal) ? 70 : 50));
        AssertUniform(tensors["output.weight"], 0.1);
        AssertUniform(tensors["output.bias"], 0.1);
    }

    [Fact]
    public void Initialize_Uniform_IsUniformEverywhere()
    {
        foreach (var values in Draw(Options with { Initializer = InitializerKind.Uniform, InitializerScale = 0.25f }, 2).Values)
            AssertUniform(values, 0.25);
    }

    [Fact]
    public void Initialize_Normal_HasZeroBiases()
    {
        foreach (var (name, values) in Draw(Options with { Initializer = InitializerKind.Normal, InitializerScale = 0.01f }, 3))
            if (name.Contains("bias", StringComparison.Ordinal))
                AssertZero(values);
            else
                AssertNormal(values, 0.01);
    }

    [Fact]
    public void Initialize_Xavier_CountsFansGateByGate()
    {
        var tensors = Draw(Options with { Initializer = InitializerKind.Xavier }, 4);
        AssertUniform(tensors["embedding.weight"], Math.Sqrt(6.0 / 240));
        AssertUniform(tensors["rnn.weight_ih_l0"], Math.Sqrt(6.0 / (46 + 70)));
        AssertUniform(tensors["rnn.weight_hh_l0_reverse"], Math.Sqrt(6.0 / 140));
        AssertUniform(tensors["rnn.weight_ih_l1"], Math.Sqrt(6.0 / (140 + 50)));
        AssertUniform(tensors["rnn.weight_ci_l1"], Math.Sqrt(6.0 / 100));
        AssertUniform(tensors["output.weight"], Math.Sqrt(6.0 / 190));
        Assert.All(tensors.Where(pair => pair.Key.Contains("bias", StringComparison.Ordinal)), pair => AssertZero(pair.Value));
    }

    [Theory]
    [InlineData(CellKind.Lstm, 4, 70)]
    [InlineData(CellKind.Gru, 3, 33)]
    [InlineData(CellKind.Rnn, 1, 1)]
    [InlineData(CellKind.Rnn, 1, 2)]
    public void Initialize_Orthogonal_HasOrthonormalRecurrentGates(CellKind cell, int gates, int units)
    {
        var options = new NetworkOptions { ValueSize = 8, Cell = cell, Hidden = [units], Outputs = 3, Initializer = InitializerKind.Orthogonal };
        var tensors = Draw(options, 5);
        var weight = tensors["rnn.weight_hh_l0"];
        for (var gate = 0; gate < gates; gate++)
            for (var a = 0; a < units; a++)
                for (var b = 0; b < units; b++)
                {
                    var product = Enumerable.Range(0, units).Sum(k => (double)weight[(gate * units + a) * units + k] * weight[(gate * units + b) * units + k]);
                    Assert.Equal(a == b ? 1 : 0, product, 1e-5);
                }
        AssertUniform(tensors["rnn.weight_ih_l0"], Math.Sqrt(6.0 / (8 + units)));
        AssertZero(tensors["rnn.bias_hh_l0"]);
    }

    [Theory]
    [InlineData(InitializerKind.PyTorch)]
    [InlineData(InitializerKind.Xavier)]
    public void Initialize_WithForgetBias_AddsItToGateFOfTheInputBiasOnly(InitializerKind kind)
    {
        var plain = Draw(Options with { Initializer = kind }, 6);
        var raised = Draw(Options with { Initializer = kind, ForgetBias = 1.5f }, 6);
        foreach (var (name, values) in plain)
        {
            var units = name.Contains("_l0", StringComparison.Ordinal) ? 70 : 50;
            for (var i = 0; i < values.Length; i++)
            {
                var forget = name.Contains("bias_ih", StringComparison.Ordinal) && i / units == 1;
                Assert.Equal(forget ? values[i] + 1.5f : values[i], raised[name][i]);
            }
        }
    }

    [Fact]
    public void Initialize_OfOneSeed_GivesOneVectorAndOfAnotherAnother()
    {
        var (once, again, other) = (Draw(Options, 7), Draw(Options, 7), Draw(Options, 8));
        foreach (var (name, values) in once)
        {
            Assert.Equal(values, again[name]);
            Assert.True(values.Zip(other[name]).Count(pair => pair.First == pair.Second) <= values.Length / 100 + 1, name);
        }
    }

    [Fact]
    public void Initialize_OverGarbage_LeavesZeroInTheGaps()
    {
        var network = new Network(Options);
        using var parameters = GarbageFloats.Of(network.Parameters.Count);
        network.Initialize(9, parameters);
        var tensors = network.Parameters.Tensors;
        var gaps = 0;
        for (var i = 0; i < tensors.Length; i++)
        {
            var end = i + 1 < tensors.Length ? tensors[i + 1].Offset : network.Parameters.Count;
            for (var place = tensors[i].Offset + tensors[i].Count; place < end; place++, gaps++)
                Assert.Equal(0, BitConverter.SingleToInt32Bits(parameters.Slice(place, 1)[0]));
        }
        Assert.True(gaps > 0);
    }

    [Fact]
    public void Initialize_ElementByElement_IsTheStreamOfItsTensorInTorchLayout()
    {
        var network = new Network(Options);
        var tensors = Draw(Options, 10);
        for (var index = network.Parameters.Tensors.Length - 1; index >= 0; index--)
        {
            var tensor = network.Parameters.Tensors[index];
            if (tensor.SparseRows)
                continue;
            var units = tensor.Name.StartsWith("output", StringComparison.Ordinal) ? 100 : tensor.Name.Contains("_l0", StringComparison.Ordinal) ? 70 : 50;
            var chance = new Philox(10, PhiloxPurpose.Initialize, (ulong)index);
            var bound = (float)(1 / Math.Sqrt(units));
            for (var element = (int)tensor.Count - 1; element >= 0; element--)
                Assert.Equal((2 * chance.Uniform((ulong)element) - 1) * bound, tensors[tensor.Name][element]);
        }
    }

    [Fact]
    public void Initialize_VectorOfAnotherSize_Throws()
    {
        using var parameters = new FloatBuffer(16);
        Assert.Throws<ArgumentException>(() => new Network(Options).Initialize(1, parameters));
    }

    private static Dictionary<string, float[]> Draw(NetworkOptions options, ulong seed)
    {
        var network = new Network(options);
        using var parameters = GarbageFloats.Of(network.Parameters.Count);
        network.Initialize(seed, parameters);
        var tensors = new Dictionary<string, float[]>(StringComparer.Ordinal);
        foreach (var tensor in network.Parameters.Tensors)
        {
            var values = new float[tensor.Count];
            ParameterTable.Export(tensor, parameters, values);
            tensors.Add(tensor.Name, values);
        }
        return tensors;
    }

    private static void AssertUniform(float[] values, double bound)
    {
        Assert.All(values, value => Assert.InRange(value, -bound * 1.0000001, bound));
        AssertMoments(values, bound / Math.Sqrt(3));
        if (values.Length >= 200)
            Assert.True(values.Max() > 0.95 * bound && values.Min() < -0.95 * bound, "The range is not used up.");
    }

    private static void AssertNormal(float[] values, double deviation)
    {
        AssertMoments(values, deviation);
        if (values.Length >= 1000)
        {
            Assert.InRange(values.Count(value => Math.Abs(value) < deviation) / (double)values.Length, 0.64, 0.725);
            Assert.True(values.Max() > 2.5 * deviation);
        }
    }

    /// <summary>Mean within 4.5 of its standard errors, deviation within 5 of (at most) its own.</summary>
    private static void AssertMoments(float[] values, double deviation)
    {
        var mean = values.Average(value => (double)value);
        Assert.InRange(mean, -4.5 * deviation / Math.Sqrt(values.Length), 4.5 * deviation / Math.Sqrt(values.Length));
        var square = values.Average(value => (double)value * value);
        Assert.InRange(square / (deviation * deviation), 1 - 5 * Math.Sqrt(2.0 / values.Length), 1 + 5 * Math.Sqrt(2.0 / values.Length));
    }

    private static void AssertZero(float[] values) => Assert.All(values, value => Assert.Equal(0, BitConverter.SingleToInt32Bits(value)));
}
