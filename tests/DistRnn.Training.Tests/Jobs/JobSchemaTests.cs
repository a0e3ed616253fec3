using System.Collections.Immutable;
using System.Text.Json;
using Xunit;

namespace DistRnn.Training.Tests;

public sealed class JobSchemaTests
{
    public static TheoryData<string> Tasks => [.. JobTemplates.Names];

    [Fact]
    public void Keys_EveryTask_HasEachPathOnceAndASentence()
    {
        foreach (var task in JobSchema.AvailableTasks)
            Assert.Equal(JobSchema.KeysOf(task).Count(), JobSchema.KeysOf(task).Select(key => key.Path).Distinct().Count());
        Assert.All(JobSchema.Keys, key => Assert.EndsWith(".", key.Documentation, StringComparison.Ordinal));
    }

    [Fact]
    public void Keys_SetToAnotherValue_ChangeThatKeyAlone()
    {
        foreach (var key in JobSchema.Keys.Where(key => !key.IsShorthand && key.Path is not "task" && (key.Kind != ValueKind.Choice || key.Choices.Length > 1)))
        {
            var job = JobOptions.DefaultsOf(key.Tasks[0]);
            var other = OtherValue(key, key.Get(job));
            var changed = key.Set(job, other);
            Assert.Equal(JobValueText.Of(other), JobComparison.TextOf(key, changed));
            foreach (var untouched in JobSchema.KeysOf(job.Task).Where(known => known.Path != key.Path && !known.IsShorthand && !(key.Path is "training.epochs" or "training.steps" && known.Path is "training.epochs" or "training.steps")))
                Assert.Equal(JobComparison.TextOf(untouched, job), JobComparison.TextOf(untouched, changed));
        }
    }

    private static object OtherValue(JobKey key, object? value) => key.Kind switch
    {
        ValueKind.Boolean => !(bool)value!,
        ValueKind.Integer => (long)(value ?? 7L) + 2,
        ValueKind.Number => (double)(value ?? 3.0) / 2 + 0.25,
        ValueKind.Choice => key.Choices.First(choice => !Equals(choice, value)),
        ValueKind.TextList => ImmutableArray.Create("other"),
        ValueKind.IntegerList => ImmutableArray.Create(5, 6),
        ValueKind.SplitPart => new SplitPart(0.25, false),
        ValueKind.Map => ImmutableSortedDictionary<string, string>.Empty.Add("a", "b"),
        _ => key.Name switch { "initializer" => "xavier", "output" => "hierarchical-softmax", "decode" => "beam(3)", _ => "other" },
    };

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Template_AsItIs_IsAJobOfItsTask(string task)
    {
        var text = JobTemplates.Of(task);
        Assert.Equal(task, JobNames.Of(JobText.Parse(text).Task));
        Assert.DoesNotContain('\t', text);
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Template_WithEveryCommentTakenAway_IsTheSameJob(string task)
    {
        var text = JobTemplates.Of(task);
        var lines = text.Split('\n').Skip(1).Select(line => line.StartsWith("# ", StringComparison.Ordinal) ? line[2..] : line.StartsWith("  # ", StringComparison.Ordinal) ? "  " + line[4..] : line);
        Assert.Equal(JobFile.Write(JobText.Parse(text)), JobFile.Write(JobText.Parse(string.Join('\n', lines))));
    }

    [Fact]
    public void Template_NoTask_NamesTheTasks() =>
        Assert.Contains("allowed is one of language-model, classification, tagging, forecasting", Assert.Throws<Numerics.InvalidInputException>(() => JobTemplates.Of("music")).Message, StringComparison.Ordinal);

    [Fact]
    public void Document_EveryKeyOfEveryTask_IsDescribed()
    {
        using var document = JsonDocument.Parse(JobSchemaDocument.Write());
        foreach (var task in JobSchema.AvailableTasks)
        {
            foreach (var key in JobSchema.KeysOf(task))
            {
                var node = document.RootElement.GetProperty("$defs").GetProperty(JobNames.Of(task));
                foreach (var name in key.Path.Split('.'))
                {
                    if (node.TryGetProperty("anyOf", out var either))
                        node = either.EnumerateArray().Last();
                    Assert.True(node.GetProperty("properties").TryGetProperty(name, out node), $"{JobNames.Of(task)} lacks {key.Path}");
                }
                Assert.Contains(key.Documentation, node.GetRawText().Replace("\\u003C", "<", StringComparison.OrdinalIgnoreCase), StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "abc", 0)]
    [InlineData("flaw", "lawn", 2)]
    public void Distance_KnownPairs_IsTheirs(string left, string right, int distance) => Assert.Equal(distance, JobSchema.Distance(left, right));
}
