using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Data.Tests;

/// <summary>Data in memory, batches written out, and errors by their message.</summary>
internal static class Given
{
    public static TextSource Text(string text) => TextSource.FromText("data.txt", text);

    public static LanguageModelDataOptions Stream(string text, TokenKind tokens = TokenKind.Char) => new() { Train = Text(text), Tokens = tokens };

    public static ClassificationDataOptions Classes(ClassificationFormat format, string text, TokenKind tokens = TokenKind.Word) =>
        new() { Train = Text(text), Format = format, Tokens = tokens };

    public static TaggingDataOptions Tags(string text, TaggingFormat format = TaggingFormat.Conll) => new() { Train = Text(text), Format = format };

    /// <summary>A CSV of one column, y, that counts up from 0.</summary>
    public static ForecastingDataOptions Counting(int rows, int input = 3, int horizon = 2, int season = 2) => new()
    {
        Train = Text("y\n" + string.Concat(Enumerable.Range(0, rows).Select(row => FormattableString.Invariant($"{row}\n")))),
        InputLength = input,
        Horizon = horizon,
        Season = season,
        Normalize = NormalizeKind.None,
    };

    public static T Load<T>(DataOptions options, ulong seed = 1)
        where T : TaskData => Assert.IsType<T>(TaskData.Load(options, seed));

    public static SequenceBatch Shard(ITrainingPlan plan, long step, int shard = 0, int epoch = 0)
    {
        var batch = new SequenceBatch();
        plan.Fill(epoch, step, shard, batch);
        return batch;
    }

    /// <summary>Every row id that an epoch's shards have, in the order of the plan.</summary>
    public static List<long> RowIds(ITrainingPlan plan, int epoch)
    {
        var ids = new List<long>();
        for (var step = 0L; step < plan.StepsIn(epoch); step++)
            for (var shard = 0; shard < plan.Shards; shard++)
                ids.AddRange(Shard(plan, step, shard, epoch).RowIds);
        return ids;
    }

    /// <summary>The sequences of a part by row id, as tokens or values of each.</summary>
    public static SortedDictionary<long, string> Rows(TaskData data, PartKind part)
    {
        var rows = new SortedDictionary<long, string>();
        var plan = data.CreateEvaluationPlan(part, 2);
        var batch = new SequenceBatch();
        for (var shard = 0; shard < plan.Shards; shard++)
        {
            plan.Fill(shard, batch);
            for (var row = 0; row < batch.Rows; row++)
                rows.Add(batch.RowIds[row], Content(batch, row));
        }
        return rows;
    }

    public static void Error(DataOptions options, params string[] parts) => Error(() => TaskData.Load(options, 1), parts);

    public static void Error(Action action, params string[] parts)
    {
        var message = Assert.Throws<InvalidInputException>(action).Message;
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    private static string Content(SequenceBatch batch, int row)
    {
        var (start, length) = (batch.Offsets[row], batch.LengthOf(row));
        return batch.TokenColumns > 0
            ? string.Join(' ', batch.Tokens(0).Slice(start, length).ToArray())
            : string.Join(' ', batch.Values.Slice(start * batch.ValueSize, length * batch.ValueSize).ToArray().Select(value => FormattableString.Invariant($"{value}")));
    }
}

/// <summary>A directory of a test's own, deleted at its end.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("distrnn-data-").FullName;

    public TextSource Write(string name, string text)
    {
        File.WriteAllText(Path.Combine(Root, name), text);
        return TextSource.FromFile(Path.Combine(Root, name));
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
