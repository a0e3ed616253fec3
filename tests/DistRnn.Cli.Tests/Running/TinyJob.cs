using System.Globalization;
using System.Text;

namespace DistRnn.Cli.Tests;

/// <summary>A small job of each task with data of its own, as a user would have them: files beside a job file.</summary>
internal sealed class TinyJob : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private TinyJob(string task) => Task = task;

    public static IReadOnlyList<string> Tasks { get; } = ["language-model", "classification", "tagging", "forecasting", "translation", "word-vectors"];

    public string Task { get; }

    public string Directory => _directory.Path;

    public string JobFile => this["job.yaml"];

    public string Run => this["run"];

    /// <summary>A path inside the job's directory.</summary>
    public string this[string name] => _directory[name];

    public static TinyJob Create(string task)
    {
        var job = new TinyJob(task);
        switch (task)
        {
            case "language-model":
                job.Write("train.txt", string.Concat(Enumerable.Repeat("the cat sat on the mat\nthe dog lay on the log\n", 30)));
                job.Write("test.txt", "the cat lay on the log\n");
                job.Write("job.yaml", "task: language-model\ndata: {train: train.txt, test: test.txt, tokens: char}\nmodel: {embedding: 8, hidden: 16}\ntraining: {steps: 6, batch: 8, window: 10}\ncluster: {threads-per-worker: 1}\n");
                break;
            case "classification":
                job.Write("train.tsv", string.Concat(Enumerable.Repeat("good\ta fine day\nbad\tno good at all\ngood\tvery fine\nbad\tbad day\n", 8)));
                job.Write("test.tsv", "good\ta very fine day\nbad\tno day\n");
                job.Write("job.yaml", "task: classification\ndata: {train: train.tsv, test: test.tsv}\nmodel: {embedding: 8, hidden: 8, bidirectional: true}\ntraining: {steps: 6, batch: 8}\ncluster: {threads-per-worker: 1}\n");
                break;
            case "tagging":
                job.Write("train.conll", string.Concat(Enumerable.Repeat("fly\tO\nto\tO\nNew\tB-city\nYork\tI-city\n\nhello\tO\nParis\tB-city\n\n", 8)));
                job.Write("test.conll", "fly\tO\nto\tO\nParis\tB-city\n");
                job.Write("job.yaml", "task: tagging\ndata: {train: train.conll, test: test.conll, columns: {token: 0, tag: 1}}\nmodel: {embedding: 8, hidden: 8, bidirectional: true}\ntraining: {steps: 6, batch: 4}\ncluster: {threads-per-worker: 1}\n");
                break;
            case "forecasting":
                job.Write("series.csv", Series(200));
                job.Write("job.yaml", "task: forecasting\ndata: {train: series.csv, time-column: date, columns: [value], targets: [value], input-length: 24, horizon: 6, season: 12, split: {parts: {train: 0.7, valid: 0.15, test: 0.15}}}\nmodel: {hidden: 8}\ntraining: {steps: 6, batch: 16}\ncluster: {threads-per-worker: 1}\n");
                break;
            case "translation":
                job.Write("pairs.txt", string.Concat(Enumerable.Repeat("one two\teins zwei\ntwo one\tzwei eins\nthree\tdrei\none three\teins drei\n", 8)));
                job.Write("test.txt", "two three\tzwei drei\none\teins\n");
                job.Write("job.yaml", "task: translation\ndata: {train: pairs.txt, test: test.txt}\nmodel: {embedding: 8, hidden: 8, attention: general}\ntraining: {steps: 6, batch: 8}\ncluster: {threads-per-worker: 1}\n");
                break;
            case "word-vectors":
                job.Write("train.txt", string.Concat(Enumerable.Repeat("the cat sat on the mat\nthe dog lay on the log\n", 30)));
                job.Write("test.txt", "the cat lay on the log\n");
                job.Write("questions.txt", ": animals\nCat Mat dog log\ncat mat mouse house\n");
                job.Write("job.yaml", "task: word-vectors\ndata: {train: train.txt, test: test.txt, analogies: questions.txt}\nmodel: {dimensions: 8}\ntraining: {steps: 6, batch: 64}\n");
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(task));
        }

        return job;
    }

    /// <summary>A file that the trained model can be evaluated on and predict from.</summary>
    public string NewData() => Task switch
    {
        "language-model" or "word-vectors" or "translation" => this["test.txt"],
        "classification" => this["test.tsv"],
        "tagging" => this["test.conll"],
        _ => this["series.csv"],
    };

    public string Write(string name, string text) => _directory.Write(name, text);

    public void Dispose() => _directory.Dispose();

    private static string Series(int hours)
    {
        var text = new StringBuilder("date,value\n");
        for (var hour = 0; hour < hours; hour++)
        {
            var time = new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Unspecified).AddHours(hour);
            text.Append(CultureInfo.InvariantCulture, $"{time:yyyy-MM-dd HH:mm:ss},{10 + hour % 12 + hour * 0.01:F2}\n");
        }

        return text.ToString();
    }
}
