using System.Globalization;
using System.Text;
using DistRnn.Numerics;

namespace DistRnn.Training.Tests;

/// <summary>A temporary folder with small data of every task, and jobs on it.</summary>
internal sealed class Workspace : IDisposable
{
    public const string LanguageModel = """
        task: language-model
        data: {train: text.txt, valid: valid.txt, test: test.txt, tokens: char}
        model: {embedding: 5, cell: lstm, hidden: 8, dropout: 0.1}
        training: {epochs: 3, batch: 4, batch-shards: 3, window: 7, learning-rate: 0.02, schedule: cosine, clip-norm: 1}
        checkpoint: {every-steps: 2, keep: 100}
        """;

    public const string Classification = """
        task: classification
        data: {format: tsv, train: names.tsv, valid: names.valid.tsv, test: names.valid.tsv, tokens: char}
        model: {embedding: 4, cell: gru, hidden: 6, bidirectional: true, pooling: mean}
        training: {epochs: 3, batch: 8, batch-shards: 3, learning-rate: 0.02}
        """;

    public const string Tagging = """
        task: tagging
        data: {format: conll, columns: {token: 0, features: [], tag: 1}, train: tags.txt, valid: tags.valid.txt, test: tags.valid.txt}
        model: {embedding: 4, cell: rnn, hidden: 6}
        training: {epochs: 3, batch: 8, learning-rate: 0.02}
        """;

    public const string ChainTagging = """
        task: tagging
        data: {format: conll, columns: {token: 0, features: [], tag: 1}, train: tags.txt, valid: tags.valid.txt, test: tags.valid.txt}
        model: {embedding: 4, characters: 5, output: crf, cell: lstm, hidden: 6, bidirectional: true, context-window: 3, dropout: 0.1}
        training: {epochs: 3, batch: 8, batch-shards: 3, learning-rate: 0.02}
        checkpoint: {every-steps: 2, keep: 100}
        """;

    public const string Forecasting = """
        task: forecasting
        data: {format: csv, train: series.csv, columns: [a, b], targets: [b], input-length: 12, horizon: 3, season: 6, split: {parts: {train: 0.6, valid: 0.2, test: 0.2}}}
        model: {cell: gru, hidden: 6, residual: seasonal}
        training: {epochs: 3, batch: 8, learning-rate: 0.02}
        """;

    public const string ForecastingApart = """
        task: forecasting
        data: {format: csv, train: series.csv, columns: [a, b], columns-apart: true, targets: [b, a], input-length: 12, horizon: 3, season: 6, split: {parts: {train: 0.6, valid: 0.2, test: 0.2}}}
        model: {cell: rnn, hidden: 6, residual: seasonal}
        training: {epochs: 3, batch: 15, batch-shards: 3, learning-rate: 0.02}
        """;

    public const string WordVectors = """
        task: word-vectors
        data: {train: words.txt, valid: words.valid.txt, analogies: questions.txt, similarities: pairs.txt, min-count: 1, subsample: 0.01}
        model: {dimensions: 12, window: 3, output: negative-sampling(3)}
        training: {epochs: 3, batch: 64, batch-shards: 3}
        checkpoint: {every-steps: 5, keep: 100}
        """;

    public const string Translation = """
        task: translation
        data: {train: pairs.tsv, valid: pairs.valid.tsv, test: pairs.valid.tsv, source-tokens: char, target-tokens: word}
        model: {embedding: 5, cell: lstm, hidden: 8, bidirectional: true, attention: additive, decode: beam(2), dropout: 0.1}
        training: {epochs: 3, batch: 8, batch-shards: 3, learning-rate: 0.02, clip-norm: 1}
        checkpoint: {every-steps: 4, keep: 100}
        """;

    public Workspace()
    {
        Root = Directory.CreateTempSubdirectory("distrnn-training-").FullName;
        Write("text.txt", Text(1, 600));
        Write("valid.txt", Text(2, 120));
        Write("test.txt", Text(3, 120));
        Write("names.tsv", Names(1, 40));
        Write("names.valid.tsv", Names(2, 20));
        Write("tags.txt", Tags(1, 30));
        Write("tags.valid.txt", Tags(2, 15));
        Write("series.csv", Series());
        Write("pairs.tsv", Pairs(1, 40));
        Write("pairs.valid.tsv", Pairs(2, 20));
        Write("words.txt", Words(1, 40));
        Write("words.valid.txt", Words(2, 24));
        Write("questions.txt", ": colours\nred rose blue sky\nRed rose green grass\n: none\nred rose black night\n");
        Write("pairs.txt", "# people's scores\nred\tblue\t7.5\nred\tsky\t2\nrose grass 5\nnight\tday\t9\n");
    }

    public string Root { get; }

    public static TheoryDataOfJobs Jobs => new(LanguageModel, Classification, Tagging, ChainTagging, Forecasting, ForecastingApart, Translation, WordVectors);

    public JobOptions Job(string yaml, params string[] sets) =>
        JobFile.Parse(yaml, "job.yaml", "job", Root, new JobOverrides { Sets = [.. sets], WorkingDirectory = Root });

    public string PathOf(string name) => Path.Combine(Root, name);

    public RunSummary Train(JobOptions job, string output, bool resume = false, int threads = 1, ITrainingProgress? progress = null, CancellationToken cancellation = default) =>
        TrainingSession.Run(job, Options(output, resume, threads), progress ?? SilentProgress.Instance, cancellation);

    public TrainingRunOptions Options(string output, bool resume = false, int threads = 1) =>
        new() { OutputDirectory = PathOf(output), Resume = resume, Threads = threads };

    public void Write(string name, string content) => File.WriteAllText(PathOf(name), content);

    /// <summary>Makes the tagging job's validation part say the opposite of its training part, so that its loss rises with every epoch.</summary>
    public void ContradictTags() => Write(
        "tags.valid.txt", Tags(2, 15).Replace("\tO", "\tX", StringComparison.Ordinal).Replace("\tB-city", "\tO", StringComparison.Ordinal).Replace("\tX", "\tB-city", StringComparison.Ordinal));

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private static string Words(ulong seed, int lines)
    {
        string[] words = ["the", "a", "is", "red", "rose", "blue", "sky", "green", "grass", "and"];
        var (chance, text) = (new Philox(seed, PhiloxPurpose.Split, 3), new StringBuilder());
        for (var i = 0; i < lines * 12; i++)
            text.Append(words[chance.Below((ulong)i, chance.Below((ulong)i, words.Length) + 1)]).Append(i % 12 == 11 ? '\n' : ' ');
        return text.ToString();
    }

    private static string Text(ulong seed, int length)
    {
        var chance = new Philox(seed, PhiloxPurpose.Split, 0);
        var text = new StringBuilder();
        for (var i = 0; i < length; i++)
            text.Append("abcab cabd\n"[(i * 3 + chance.Below((ulong)i, 3)) % 11]);
        return text.ToString();
    }

    private static string Names(ulong seed, int count)
    {
        var chance = new Philox(seed, PhiloxPurpose.Split, 1);
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            var label = chance.Below((ulong)i * 20, 3);
            text.Append("xyz"[label]).Append('\t');
            for (var k = 0; k < 2 + chance.Below((ulong)i * 20 + 1, 5); k++)
                text.Append("abcdef"[2 * label + chance.Below((ulong)(i * 20 + 2 + k), 2)]);
            text.Append('\n');
        }
        return text.ToString();
    }

    public static string Pairs(ulong seed, int count)
    {
        var chance = new Philox(seed, PhiloxPurpose.Split, 4);
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            var letters = Enumerable.Range(0, 1 + chance.Below((ulong)i * 20, 5)).Select(k => "abcd"[chance.Below((ulong)(i * 20 + 1 + k), 4)]).ToArray();
            text.Append(letters).Append('\t').AppendJoin(' ', letters.Select(letter => char.ToUpperInvariant(letter))).Append('\n');
        }
        return text.ToString();
    }

    private static string Tags(ulong seed, int count)
    {
        var chance = new Philox(seed, PhiloxPurpose.Split, 2);
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            for (var k = 0; k < 1 + chance.Below((ulong)i * 20, 6); k++)
            {
                var kind = chance.Below((ulong)(i * 20 + 1 + k), 3);
                text.Append((string[])["go", "to", "rome"] is var words ? words[kind] : "").Append('\t').Append(kind == 2 ? "B-city" : "O").Append('\n');
            }
            text.Append('\n');
        }
        return text.ToString();
    }

    private static string Series()
    {
        var text = new StringBuilder("a,b\n");
        for (var i = 0; i < 160; i++)
            text.Append(CultureInfo.InvariantCulture, $"{i % 6},{(i * 7 % 6) + 0.1 * (i % 5)}\n");
        return text.ToString();
    }
}

/// <summary>Job texts as theory data.</summary>
public sealed class TheoryDataOfJobs : Xunit.TheoryData<string>
{
    public TheoryDataOfJobs(params string[] jobs)
    {
        foreach (var job in jobs)
            Add(job);
    }
}
