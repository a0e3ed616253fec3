using System.Collections.Immutable;
using DistRnn.Training;

namespace DistRnn.Simulation;

/// <summary>The built-in set of tiny jobs, one of each kind that could go wrong in a way of its own: carried lanes, sparse rows, ragged sequences, pairs of them, words that touch few rows, patience, gradients that are not finite.</summary>
internal static class SwarmJobs
{
    private static readonly ImmutableArray<(string Name, string Yaml)> Texts =
    [
        ("lanes", """
            task: language-model
            data: {train: "built-in:sine/sine.csv", tokens: char, split: {parts: {train: 600, valid: 120}, order: file}}
            model: {embedding: 12, cell: lstm, hidden: 28, dropout: 0.2}
            training: {epochs: 2, batch: 6, batch-shards: 4, window: 15, optimizer: sgd, learning-rate: 0.5, clip-norm: 0.5}
            checkpoint: {every-steps: 3}
            """),
        ("ragged", """
            task: tagging
            data: {format: conll, columns: {token: 0, features: [], tag: 1}, train: "built-in:reber/train.conll", split: {parts: {train: 30, valid: 8}}}
            model: {embedding: 8, cell: gru, hidden: 32}
            training: {epochs: 2, batch: 7, batch-shards: 5, optimizer: adam, learning-rate: 0.02, clip-norm: 1, schedule: "plateau(0.5, patience 1)"}
            checkpoint: {every-steps: 4}
            """),
        ("forecast", """
            task: forecasting
            data: {format: csv, train: "built-in:sine/sine.csv", columns: [value], targets: [value], input-length: 8, horizon: 2, split: {parts: {train: 60, valid: 16}}}
            model: {cell: lstm, hidden: 40}
            training: {epochs: 4, batch: 20, batch-shards: 3, optimizer: momentum(0.9), learning-rate: 0.01, patience: 2}
            checkpoint: {every-steps: 5}
            """),
        ("skipping", """
            task: tagging
            data: {format: jsonl, train: "built-in:binary-addition/train.jsonl", split: {parts: {train: 24}}}
            model: {cell: rnn, hidden: 20}
            training: {epochs: 2, batch: 6, batch-shards: 2, optimizer: sgd, learning-rate: 3e38}
            cluster: {non-finite: skip}
            checkpoint: {every-steps: 3}
            """),
        ("halving", """
            task: language-model
            data: {train: "built-in:sine/sine.csv", tokens: char, split: {parts: {train: 200}, order: file}}
            model: {embedding: 8, cell: gru, hidden: 20}
            training: {steps: 9, batch: 4, batch-shards: 4, window: 12, optimizer: sgd, learning-rate: 3e38}
            cluster: {non-finite: halve-rate}
            checkpoint: {every-steps: 2, copies: 1}
            """),
        ("rounded", """
            task: tagging
            data: {format: conll, columns: {token: 0, features: [], tag: 1}, train: "built-in:reber/train.conll", split: {parts: {train: 20, valid: 4}}}
            model: {embedding: 6, cell: lstm, hidden: 24}
            training: {epochs: 2, batch: 5, batch-shards: 8, optimizer: adam, learning-rate: 0.02}
            cluster: {codec: bf16}
            checkpoint: {every-steps: 3}
            """),
        ("chain", """
            task: tagging
            data: {format: conll, columns: {token: 0, features: [], tag: 1}, train: "built-in:reber/train.conll", split: {parts: {train: 20, valid: 4}}}
            model: {embedding: 6, characters: 6, output: crf, cell: gru, hidden: 16, bidirectional: true}
            training: {epochs: 2, batch: 6, batch-shards: 4, optimizer: adam, learning-rate: 0.02}
            checkpoint: {every-steps: 3}
            """),
        ("pairs", """
            task: translation
            data: {train: "built-in:dates/train.tsv", tokens: char, lowercase: true, split: {parts: {train: 24, valid: 5}}}
            model: {embedding: 8, cell: gru, hidden: 16, bidirectional: true, attention: additive, dropout: {embedding: 0.1, output: 0.2}}
            training: {epochs: 2, batch: 7, batch-shards: 3, optimizer: adam, learning-rate: 0.02, clip-norm: 1}
            checkpoint: {every-steps: 3}
            """),
        ("words", """
            task: word-vectors
            data: {train: "built-in:reber/valid.conll", min-count: 1, subsample: 0.01}
            model: {algorithm: skip-gram, output: negative-sampling(3), dimensions: 12, window: 2}
            training: {steps: 9, learning-rate: 0.05}
            checkpoint: {every-steps: 4}
            """),
    ];

    /// <summary>Names of the jobs.</summary>
    public static IEnumerable<string> Names => Texts.Select(text => text.Name);

    /// <summary>Reads a job.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public static JobOptions Read(string name) => JobFile.Parse(Texts.First(text => text.Name == name).Yaml, name, name, Path.GetFullPath("/"));
}
