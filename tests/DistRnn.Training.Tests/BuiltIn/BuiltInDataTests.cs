using System.Globalization;
using System.Text.Json;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Training.Tests;

public sealed class BuiltInDataTests
{
    [Fact]
    public void TextOf_UnknownReference_NamesWhatThereIs()
    {
        var error = Assert.Throws<InvalidInputException>(() => BuiltInData.TextOf("built-in:weather"));
        Assert.Contains("'built-in:weather'", error.Message, StringComparison.Ordinal);
        Assert.Contains("built-in:sunspots/monthly-sunspots.csv", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TextOf_NameWithoutPrefix_IsRefused() => Assert.Throws<InvalidInputException>(() => BuiltInData.TextOf("sunspots/monthly-sunspots.csv"));

    [Fact]
    public void Sunspots_Embedded_HasAllMonths()
    {
        var lines = LinesOf("built-in:sunspots/monthly-sunspots.csv");
        Assert.Equal(2821, lines.Length);
        Assert.Equal("\"1749-01\",58.0", lines[1]);
        Assert.Equal("\"1983-12\",33.4", lines[^1]);
    }

    [Fact]
    public void Sine_Generated_StaysWithinTheNoiseOfTheSine()
    {
        var lines = LinesOf("built-in:sine/sine.csv");
        var noise = lines.Skip(1).Select((line, step) => double.Parse(line, CultureInfo.InvariantCulture) - Math.Sin(2 * Math.PI * step / 25)).ToArray();
        Assert.Equal(2000, noise.Length);
        Assert.InRange(noise.Max(), 0.049, 0.05001);
        Assert.InRange(noise.Min(), -0.05001, -0.049);
        Assert.InRange(noise.Average(), -0.003, 0.003);
    }

    [Fact]
    public void Dates_EveryPair_HasTheYearTheDayAndNoDateTwice()
    {
        var pairs = new[] { "train", "valid", "test" }.SelectMany(part => LinesOf($"built-in:dates/{part}.tsv")).Select(line => line.Split('\t')).ToArray();
        Assert.Equal(7500, pairs.Select(pair => pair[1]).Distinct().Count());
        foreach (var pair in pairs)
        {
            var date = DateOnly.ParseExact(pair[1], "yyyy-MM-dd", CultureInfo.InvariantCulture);
            Assert.Contains(date.Year.ToString(CultureInfo.InvariantCulture), pair[0], StringComparison.Ordinal);
            Assert.Contains(date.Day.ToString(CultureInfo.InvariantCulture), pair[0], StringComparison.Ordinal);
        }
        Assert.Contains(pairs, pair => pair[0].StartsWith("the 1st of", StringComparison.Ordinal));
        Assert.Contains(pairs, pair => pair[0].StartsWith("the 12th of", StringComparison.Ordinal));
    }

    [Fact]
    public void BinaryAddition_EveryExample_AddsUp()
    {
        var train = LinesOf("built-in:binary-addition/train.jsonl");
        var test = LinesOf("built-in:binary-addition/test.jsonl");
        foreach (var line in train.Concat(test))
        {
            using var json = JsonDocument.Parse(line);
            var bits = json.RootElement.GetProperty("sequence").EnumerateArray().Select(pair => (pair[0].GetInt32(), pair[1].GetInt32())).ToArray();
            var labels = json.RootElement.GetProperty("labels").EnumerateArray().Select(label => int.Parse(label.GetString()!, CultureInfo.InvariantCulture)).ToArray();
            Assert.Equal(8, bits.Length);
            Assert.Equal(Number(labels), Number(bits.Select(pair => pair.Item1)) + Number(bits.Select(pair => pair.Item2)));
        }

        Assert.Empty(train.Intersect(test, StringComparer.Ordinal));
    }

    [Fact]
    public void AddingProblem_EveryExample_HasTwoMarksInItsFirstHalfWhoseSumIsTheLabel()
    {
        foreach (var line in LinesOf("built-in:adding-problem/test.jsonl"))
        {
            using var json = JsonDocument.Parse(line);
            var steps = json.RootElement.GetProperty("sequence").EnumerateArray().Select(pair => (Number: pair[0].GetDouble(), Mark: pair[1].GetInt32())).ToArray();
            var marked = Enumerable.Range(0, steps.Length).Where(step => steps[step].Mark == 1).ToArray();
            Assert.InRange(steps.Length, 50, 55);
            Assert.Equal(2, marked.Length);
            Assert.InRange(marked[0], 0, 9);
            Assert.InRange(marked[1], 1, 24);
            var label = double.Parse(json.RootElement.GetProperty("label").GetString()!, CultureInfo.InvariantCulture);
            Assert.Equal(label, steps[marked[0]].Number + steps[marked[1]].Number, 1e-9);
        }
    }

    [Fact]
    public void Reber_EveryString_IsLabelledWithWhatFollows()
    {
        var parts = new[] { "train", "valid", "test" }.Select(part => StringsOf($"built-in:reber/{part}.conll")).ToArray();
        foreach (var lines in parts.SelectMany(part => part))
        {
            for (var i = 0; i + 1 < lines.Length; i++)
                Assert.Contains(lines[i + 1][0], lines[i][2..]);
            Assert.Equal(lines[1][0], lines[^1][0]);
            Assert.Equal($"E\t{lines[1][0]}", lines[^2]);
            Assert.Equal("E", lines[^1][2..]);
        }

        Assert.Equal([1000, 500, 500], parts.Select(part => part.Length));
        Assert.Equal(2000, parts.SelectMany(part => part).Select(lines => string.Join(" ", lines)).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void TextOf_CalledTwice_IsEqual()
    {
        foreach (var reference in new[] { "built-in:sine/sine.csv", "built-in:reber/test.conll", "built-in:adding-problem/test.jsonl", "built-in:binary-addition/test.jsonl" })
            Assert.Equal(BuiltInData.TextOf(reference), BuiltInData.TextOf(reference));
    }

    private static string[] LinesOf(string reference) => BuiltInData.TextOf(reference).TrimEnd('\n').Split('\n');

    private static string[][] StringsOf(string reference) =>
        [.. BuiltInData.TextOf(reference).TrimEnd('\n').Split("\n\n").Select(text => text.Split('\n'))];

    private static int Number(IEnumerable<int> bits) => bits.Select((bit, place) => bit << place).Sum();
}
