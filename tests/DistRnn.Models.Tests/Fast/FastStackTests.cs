using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>The fast recurrent stack against PyTorch's figures and against the reference, with the same bits at every vector width and thread count.</summary>
public sealed class FastStackTests
{
    private const double OutputTolerance = 1e-5;
    private const double GradientTolerance = 1e-4;

    public static TheoryData<string> RecurrentCases => GoldenReferenceTests.RecurrentCases;

    public static TheoryData<string, int> Seeds =>
        [.. ((string[])["rnn", "rnn-relu", "rnn-sigmoid", "lstm", "lstm-peephole", "gru", "gru-textbook"]).SelectMany(_ => Enumerable.Range(1, 3), (cell, seed) => (cell, seed))];

    [Theory]
    [MemberData(nameof(RecurrentCases))]
    public void Compute_RecurrentCase_AgreesWithPyTorch(string name)
    {
        var golden = GoldenCase.Read(name);
        var (outputs, gradients) = ComputeEverywhere(StackCase.FromGolden(golden), number: 0);
        GoldenCase.AssertClose(golden.Outputs, outputs, OutputTolerance);
        GoldenCase.AssertClose(golden.Gradients, gradients, GradientTolerance);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Compute_RandomShape_AgreesWithTheReference(string cell, int seed)
    {
        var random = new Random(seed);
        var (layers, directions) = (1 + random.Next(3), 1 + random.Next(2));
        int[] lengths = [.. Enumerable.Range(0, 1 + random.Next(14)).Select(_ => 1 + random.Next(7))];
        var stack = StackCase.Random(cell, layers, directions, lengths, random, 1 + random.Next(70), 1 + random.Next(70));
        var (_, outputs, gradients) = stack.Compute();

        var fast = ComputeEverywhere(stack, seed);

        GoldenCase.AssertClose(outputs, fast.Outputs, OutputTolerance);
        GoldenCase.AssertClose(gradients, fast.Gradients, GradientTolerance);
    }

    /// <summary>Computes in every place, the second time in used memory, and fails where a bit differs.</summary>
    private static (Dictionary<string, double[]> Outputs, Dictionary<string, double[]> Gradients) ComputeEverywhere(StackCase stack, int number)
    {
        Dictionary<string, double[]>? outputs = null, gradients = null;
        foreach (var (width, threads) in Everywhere.Places(number))
        {
            using var fast = new FastStack(stack, width, threads);
            for (var time = 0; time < 2; time++)
            {
                var (ys, gs) = fast.Compute();
                AssertSame(outputs ??= ys, ys, $"{width}, {threads} threads, time {time}");
                AssertSame(gradients ??= gs, gs, $"{width}, {threads} threads, time {time}");
            }
        }
        return (outputs!, gradients!);
    }

    private static void AssertSame(Dictionary<string, double[]> expected, Dictionary<string, double[]> actual, string where)
    {
        foreach (var (name, values) in expected)
            for (var i = 0; i < values.Length; i++)
                if (BitConverter.DoubleToInt64Bits(values[i]) != BitConverter.DoubleToInt64Bits(actual[name][i]))
                    Assert.Fail($"{where}: {name}[{i}] is {actual[name][i]:R}, elsewhere {values[i]:R}.");
    }
}
