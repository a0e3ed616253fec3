using Xunit;

namespace DistRnn.Training.Tests;

/// <summary>A job that cannot be: the message names file and line, the key, what was found and what is allowed.</summary>
public sealed class JobErrorTests
{
    [Theory]
    [InlineData("model: {hiden: 3}", "job.yaml:4: 'model.hiden' is not a key of a job; the nearest known one is 'model.hidden'.")]
    [InlineData("modle: {hidden: 3}", "job.yaml:4: 'modle' is not a key of a job; the nearest known one is 'model'.")]
    [InlineData("model: {batch: 3}", "job.yaml:4: 'model.batch' is not a key of a job; the nearest known one is 'training.batch'.")]
    [InlineData("training:\n  epochs: 3\n  lerning-rate: 1", "job.yaml:6: 'training.lerning-rate' is not a key of a job; the nearest known one is 'training.learning-rate'.")]
    [InlineData("model: {initializer: uniform(0.1), dropout: {output: 0.1, wrds: 0.1}}", "job.yaml:4: 'model.dropout.wrds' is not a key of a job; the nearest known one is 'model.dropout.words'.")]
    [InlineData("training: {optimizer: rmsprop(0.99,1e-8)}", "A value with commas inside braces needs quotes.")]
    [InlineData("model: {residual: last}", "'model.residual' belongs to the task forecasting; this job's task is tagging.")]
    [InlineData("model: {pooling: last}", "'model.pooling' belongs to the tasks classification, forecasting; this job's task is tagging.")]
    [InlineData("model: {attention: dot}", "'model.attention' belongs to the task translation; this job's task is tagging.")]
    [InlineData("model: {algorithm: cbow}", "'model.algorithm' belongs to the task word-vectors; this job's task is ")]
    public void Parse_UnknownKey_NamesTheNearest(string rest, string message) => Assert.Contains(message, JobText.ErrorOf(JobText.Least("tagging") + rest), StringComparison.Ordinal);

    [Theory]
    [InlineData("model: {hidden: 0}", "job.yaml:4: 'model.hidden' is '0'; allowed is a list of whole numbers, each of at least 1 and at most 65536.")]
    [InlineData("model: {hidden: 1.5}", "'model.hidden' is '1.5'")]
    [InlineData("model: {hidden: [8, x]}", "'model.hidden' is 'x'")]
    [InlineData("model: {hidden: []}", "'model.hidden' is an empty list")]
    [InlineData("model: {cell: transformer}", "'model.cell' is 'transformer'; allowed is one of rnn, lstm, gru.")]
    [InlineData("model: {context-window: 2}", "'model.context-window' is '2'; allowed is an odd number of at least 1 and at most 99.")]
    [InlineData("model: {dropout: 1}", "'model.dropout' is '1'; allowed is a number of at least 0 and below 1.")]
    [InlineData("model: {dropout: {output: -0.1}}", "'model.dropout.output' is '-0.1'")]
    [InlineData("model: {dropout: {output: 0.999999999999}}", "'model.dropout.output' is '0.999999999999'")]
    [InlineData("model: {bidirectional: maybe}", "'model.bidirectional' is 'maybe'; allowed is true or false.")]
    [InlineData("model: {initializer: uniform(-1)}", "whose scale is '-1'; allowed is a number above 0")]
    [InlineData("model: {initializer: zeros}", "allowed: pytorch, uniform(0.1), normal(0.01), xavier, orthogonal")]
    [InlineData("training: {batch: 0}", "'training.batch' is '0'; allowed is a whole number of at least 1")]
    [InlineData("training: {batch: 1e3}", "'training.batch' is '1e3'")]
    [InlineData("training: {batch: }", "'training.batch' is empty")]
    [InlineData("training: {learning-rate: nan}", "'training.learning-rate' is 'nan'; allowed is a number above 0.")]
    [InlineData("training: {learning-rate: 0}", "'training.learning-rate' is '0'")]
    [InlineData("training: {clip-norm: 0}", "'training.clip-norm' is '0'; allowed is a number above 0, or none.")]
    [InlineData("model: {characters: 0}", "'model.characters' is '0'; allowed is a whole number of at least 1 and at most 65536, or none.")]
    [InlineData("model: {output: crfs}", "'model.output' is 'crfs'; allowed is one of softmax, crf.")]
    [InlineData("model: {output: crf}\ntraining: {class-weights: balanced}", "'training.class-weights' weighs single tags")]
    [InlineData("training: {window: 5}", "'training.window' is '5'; allowed is full.")]
    [InlineData("training: {optimizer: adamm}", "job.yaml:4: training.optimizer is 'adamm'")]
    [InlineData("training: {schedule: cosin}", "job.yaml:4: training.schedule is 'cosin'")]
    [InlineData("training: {best: perplexity}", "'training.best' is 'perplexity'; allowed is one of f1, accuracy, loss.")]
    [InlineData("training: [1, 2]", "'training' is no mapping")]
    [InlineData("training: {batch: {size: 2}}", "'training.batch' is a mapping")]
    [InlineData("cluster: {coordinators: 2}", "'cluster.coordinators' is '2'; allowed is an odd number")]
    [InlineData("checkpoint: {keep: 0}", "'checkpoint.keep' is '0'")]
    [InlineData("seed: -1", "'seed' is '-1'")]
    public void Parse_WrongValue_SaysWhatIsAllowed(string rest, string message) => Assert.Contains(message, JobText.ErrorOf(JobText.Least("tagging") + rest), StringComparison.Ordinal);

    [Fact]
    public void Parse_UnknownTask_IsRefused() =>
        Assert.Contains("allowed is one of language-model, classification, tagging, forecasting, translation, word-vectors.", JobText.ErrorOf(JobText.Least("summarising")), StringComparison.Ordinal);

    [Theory]
    [InlineData("model: {attention: multi-head}", "'model.attention' is 'multi-head'; allowed is one of none, dot, scaled-dot, general, additive.")]
    [InlineData("model: {combine: concat}", "'model.combine' is concat, but it has a meaning only with model.attention.")]
    [InlineData("model: {decode: beam(0)}", "model.decode is 'beam(0)'; allowed is greedy or beam(5), with 1 to 1000 hypotheses.")]
    [InlineData("model: {layers: 3, decoder-hidden: [4, 5]}", "'model.decoder-hidden' has 2 entries, but the encoder has 3 layers")]
    [InlineData("model: {pooling: last}", "'model.pooling' belongs to the tasks classification, forecasting; this job's task is translation.")]
    [InlineData("training: {best: f1}", "'training.best' is 'f1'; allowed is one of bleu, exact-match, token-accuracy, loss, perplexity.")]
    public void Parse_WrongTranslationJob_SaysWhatIsAllowed(string rest, string message) => Assert.Contains(message, JobText.ErrorOf(JobText.Least("translation") + rest), StringComparison.Ordinal);

    [Theory]
    [InlineData("data: {train: {source: a.de}}", "'data.train.source' stands without 'data.train.target'")]
    [InlineData("data: {train: p.txt, valid: {target: a.en}}", "'data.valid.target' stands without 'data.valid.source'")]
    [InlineData("data: {train: p.txt, end-token: none}", "'data.end-token' is none, so that 'data.max-length' ends a target")]
    [InlineData("data: {train: p.txt, start-token: \"\"}", "'data.start-token' is empty")]
    public void Parse_WrongTranslationData_SaysWhatIsAllowed(string data, string message) => Assert.Contains(message, JobText.ErrorOf("task: translation\n" + data + "\n"), StringComparison.Ordinal);

    [Theory]
    [InlineData("tagging", "model: {peepholes: true, cell: gru}", "'model.peepholes' is true, but it has a meaning only with model.cell: lstm.")]
    [InlineData("tagging", "model: {reset-after: false}", "only with model.cell: gru")]
    [InlineData("tagging", "model: {activation: relu}", "only with model.cell: rnn")]
    [InlineData("tagging", "model: {forget-bias: 1, cell: rnn}", "only with model.cell: lstm")]
    [InlineData("language-model", "model: {bidirectional: true}", "a language model reads forwards")]
    [InlineData("tagging", "training: {patience: 3}", "'training.patience' needs a validation part")]
    [InlineData("tagging", "training: {keep: best}", "'training.keep' is 'best', which needs a validation part")]
    [InlineData("tagging", "training: {schedule: 'plateau(0.5, patience 1)'}", "which needs a validation part")]
    [InlineData("tagging", "training: {epochs: 3, steps: 5}", "job.yaml:4: 'training.steps' stands beside 'training.epochs' (job.yaml:4); give one of them.")]
    [InlineData("tagging", "model: {hidden: [8, 8], layers: 3}", "'model.hidden' lists 2 layers, but 'model.layers' (job.yaml:4) is 3")]
    [InlineData("tagging", "model: {feature-embedding: [8, 8]}", "has 2 sizes, but 'data.columns.features' has 1 columns")]
    public void Parse_KeysThatContradict_AreRefused(string task, string rest, string message) => Assert.Contains(message, JobText.ErrorOf(JobText.Least(task) + rest), StringComparison.Ordinal);

    [Theory]
    [InlineData("tagging", "train: a, split: {parts: {test: 0.1}}", "has no 'parts.train'")]
    [InlineData("tagging", "train: a, split: {parts: {train: 0.9, test: 0.2}}", "add up to 1.1; allowed is 1 at most")]
    [InlineData("tagging", "train: a, split: {parts: {train: 0.9, test: 20}}", "mixes fractions and rows")]
    [InlineData("tagging", "train: a, split: {parts: {train: 0, test: 0.2}}", "'data.split.parts.train' is '0'")]
    [InlineData("tagging", "train: a, split: {parts: {train: 1.5}}", "'data.split.parts.train' is '1.5'")]
    [InlineData("tagging", "train: a, test: b, split: {parts: {train: 0.8, test: 0.2}}", "'data.test' stands beside 'data.split.parts.test'")]
    [InlineData("tagging", "train: a, valid: b, split: {parts: {train: 0.8, valid: 0.2}}", "'data.valid' stands beside 'data.split.parts.valid'")]
    [InlineData("tagging", "train: a, split: {order: file}", "has a meaning only beside 'data.split.parts'")]
    [InlineData("tagging", "train: a, columns: {token: 0, features: [0], tag: 1}", "reads one column twice")]
    [InlineData("tagging", "train: a, sha256: {a: xyz}", "'data.sha256' has 'xyz'; allowed are 64 hexadecimal digits")]
    [InlineData("tagging", "valid: a", "job.yaml has no key 'data.train'")]
    [InlineData("forecasting", "train: a, time-features: [hour]", "'data.time-features' needs a column of times")]
    [InlineData("forecasting", "train: a, time-column: t, time-features: [era]", "'data.time-features' is 'era'; allowed is a list of minute, hour")]
    [InlineData("forecasting", "train: a, wide: true", "only with data.format: panel")]
    [InlineData("forecasting", "train: a, format: panel, columns-apart: true", "'data.columns-apart' is true, but it has a meaning only with data.format: csv")]
    [InlineData("classification", "train: a, format: csv, lowercase: true", "only for text")]
    [InlineData("classification", "train: a, normalize: instance", "only for sequences of numbers")]
    [InlineData("language-model", "train: a, max-length: 5", "'data.max-length' belongs to the tasks classification, tagging")]
    public void Parse_DataThatCannotBe_IsRefused(string task, string data, string message) => Assert.Contains(message, JobText.ErrorOf($"task: {task}\ndata: {{{data}}}\n"), StringComparison.Ordinal);

    [Theory]
    [InlineData("", "job.yaml is empty")]
    [InlineData("# nothing\n", "job.yaml is empty")]
    [InlineData("- a\n", "job.yaml:1: a job is a mapping that begins with 'task: '; found a list.")]
    [InlineData("text", "found text")]
    [InlineData("data: {train: a}\n", "job.yaml has no key 'task'; allowed is one of language-model")]
    [InlineData("task: tagging\ntask: tagging\n", "job.yaml:2: this is not YAML that a job can have: Duplicate key")]
    [InlineData("task: tagging\ndata:\n  train: a\n  train: b\n", "job.yaml:4: this is not YAML that a job can have: Duplicate key")]
    [InlineData("task: tagging\n---\ntask: tagging\n", "a second document begins")]
    [InlineData("task: &a tagging\nseed: *a\n", "job.yaml:2: a job has no aliases")]
    [InlineData("task: [tagging\n", "job.yaml:")]
    [InlineData("task: tagging\n\tdata: 3\n", "job.yaml:")]
    [InlineData("? [a, b]\n: c\n", "has a key that is not text")]
    public void Parse_TextThatIsNoJob_SaysWhere(string yaml, string message) => Assert.Contains(message, JobText.ErrorOf(yaml), StringComparison.Ordinal);

    [Fact]
    public void Parse_NestedWithoutEnd_IsRefusedBeforeItIsBuilt()
    {
        Assert.Contains("nested more than 16 deep", JobText.ErrorOf("task: " + new string('[', 100_000)), StringComparison.Ordinal);
        Assert.Contains("characters; a job has", JobText.ErrorOf(new string('#', 300_000)), StringComparison.Ordinal);
    }
}
