using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>Every number of the tables in the models' README, computed by the library and by the float64 reference.</summary>
public sealed class ReadmeTests
{
    private const double Rounding = 0.5001e-4;
    private const double FloatRounding = 0.51e-4;

    [Theory]
    [InlineData("rnn")]
    [InlineData("gates")]
    [InlineData("forget")]
    [InlineData("peepholes")]
    [InlineData("gru")]
    public void Table_OfACell_IsWhatReferenceAndLibraryCompute(string name)
    {
        var rows = RowsOf(name);
        var stack = TinyExample.Stack(name);
        var run = Run(stack, TinyExample.X, stack.ZeroStates());
        var norms = LibraryNorms(name);
        Assert.Equal(3, rows.Length);
        for (var t = 0; t < rows.Length; t++)
        {
            var state = run.Traces[0][t].After;
            Assert.Equal([t + 1, TinyExample.X[t]], rows[t][..2].Select(cell => cell[0]));
            AssertNear(state.Hidden, rows[t][^2], Rounding);
            AssertNear([ReferenceNorm(stack, t, state)], rows[t][^1], Rounding);
            AssertNear(LibraryState(name, TinyExample.X[..(t + 1)]), rows[t][^2], FloatRounding);
            AssertNear([norms[2 - t]], rows[t][^1], FloatRounding);
            if (rows[t].Length == 5)
            {
                AssertNear(state.Memory, rows[t][2], Rounding);
                AssertNear(LibraryCell(name, TinyExample.X[..(t + 1)]), rows[t][2], FloatRounding);
            }
        }
    }

    [Fact]
    public void Table_OfTheCarousel_IsItsDefinitionAndWhatTheLibraryMeasures()
    {
        var rows = RowsOf("carousel");
        var tensors = TinyExample.Tensors("rnn");
        var network = new Network(TinyExample.Options("rnn"));
        using var parameters = new FloatBuffer(network.Parameters.Count);
        ReferenceForm.Import(network.Parameters, tensors, parameters);
        double[] c = [0, 0];
        var states = TinyExample.X.Select(x => (double[])(c = [c[0] + 0.5 * x, c[1] - 0.5 * x])).ToArray();

        var norms = GradientFlow.MeasureCarousel(network, parameters, [TinyExample.Batch(TinyExample.X, [(float)c[0], (float)c[1]])]);

        for (var t = 0; t < rows.Length; t++)
        {
            AssertNear(states[t], rows[t][2], Rounding);
            AssertNear([norms[2 - t]], rows[t][3], FloatRounding);
        }
    }

    [Fact]
    public void Table_OfBothDirections_IsWhatReferenceAndLibraryCompute()
    {
        var rows = RowsOf("bidirectional");
        var stack = TinyExample.Stack("bidirectional");
        var run = Run(stack, TinyExample.X, stack.ZeroStates());
        for (var t = 0; t < rows.Length; t++)
        {
            AssertNear(run.Outputs[t][..2], rows[t][2], Rounding);
            AssertNear(run.Outputs[t][2..], rows[t][3], Rounding);
            AssertNear(LibraryState("bidirectional", TinyExample.X[..(t + 1)])[..2], rows[t][2], FloatRounding);
            AssertNear(LibraryState("bidirectional", TinyExample.X[t..])[2..], rows[t][3], FloatRounding);
        }
    }

    private static Reference.StackRun Run(Reference.BidirectionalStack stack, double[] x, Reference.CellState[] initial) =>
        stack.Forward([.. x.Select(value => new[] { value })], initial);

    /// <summary>What (1, 1) at the last state is at the state of step t: all that follows is run from there, and back.</summary>
    private static double ReferenceNorm(Reference.BidirectionalStack stack, int t, Reference.CellState state)
    {
        if (t == 2)
            return Math.Sqrt(2);
        var rest = Run(stack, TinyExample.X[(t + 1)..], [state]);
        var (_, before) = stack.Backward(rest, [.. rest.Outputs.Select((_, step) => step == rest.Outputs.Length - 1 ? new double[] { 1, 1 } : new double[2])]);
        return Math.Sqrt(before[0].Hidden.Sum(value => value * value));
    }

    private static double[] LibraryState(string name, double[] x) => ReferenceForm.Doubles(Predict(name, x, null).Values);

    private static double[] LibraryCell(string name, double[] x)
    {
        using var to = new LaneState(TinyExample.Options(name), 1);
        Predict(name, x, to);
        return ReferenceForm.States(to, TinyExample.Options(name), 0)[0].Memory;
    }

    private static Predictions Predict(string name, double[] x, LaneState? to)
    {
        var network = new Network(TinyExample.Options(name));
        using var parameters = new FloatBuffer(network.Parameters.Count);
        ReferenceForm.Import(network.Parameters, TinyExample.Tensors(name), parameters);
        using var team = new ComputeTeam(1);
        using var computer = new NetworkComputer(network, team);
        computer.SetParameters(parameters);
        var predictions = new Predictions();
        computer.Predict(TinyExample.Batch(x, new float[network.Options.Outputs]), null, to, predictions);
        return predictions;
    }

    private static double[] LibraryNorms(string name)
    {
        var network = new Network(TinyExample.Options(name));
        using var parameters = new FloatBuffer(network.Parameters.Count);
        ReferenceForm.Import(network.Parameters, TinyExample.Tensors(name), parameters);
        return GradientFlow.Measure(network, parameters, [TinyExample.Batch(TinyExample.X, Predict(name, TinyExample.X, null).Values)]);
    }

    /// <summary>The rows of a table, each cell's numbers; the table is marked with a comment that bears its name.</summary>
    private static double[][][] RowsOf(string name)
    {
        var lines = File.ReadAllLines(Path.Combine(Checkout(), "src", "DistRnn.Models", "README.md"));
        var start = Array.IndexOf(lines, $"<!-- {name} -->");
        Assert.True(start >= 0, $"The README has no table '{name}'.");
        return [.. lines[(start + 3)..].TakeWhile(line => line.StartsWith('|')).Select(line => line.Trim('|').Split('|').Select(NumbersOf).ToArray())];
    }

    private static double[] NumbersOf(string cell) => [.. cell.Split(',').Select(number => double.Parse(number, CultureInfo.InvariantCulture))];

    private static string Checkout()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "DistRnn.sln")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException("The checkout was not found above the test program.");
    }

    private static void AssertNear(double[] expected, double[] shown, double tolerance)
    {
        Assert.Equal(expected.Length, shown.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - shown[i]) <= tolerance, string.Create(CultureInfo.InvariantCulture, $"{shown[i]} is shown; {expected[i]:R} is computed."));
    }
}
