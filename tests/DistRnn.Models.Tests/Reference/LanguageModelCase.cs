namespace DistRnn.Models.Tests;

/// <summary>A golden language-model case: B lanes of tokens, read in windows of T steps whose targets are the tokens that follow.</summary>
internal sealed class LanguageModelCase
{
    private readonly double[] _tokens;

    public LanguageModelCase(GoldenCase golden)
    {
        _tokens = golden.Inputs["tokens"];
        (Lanes, Steps, Windows) = (golden.Integer("B"), golden.Integer("T"), golden.Integer("windows"));
        var (vocabulary, embedding, hidden, layers) = (golden.Integer("V"), golden.Integer("E"), golden.Integer("H"), golden.Integer("layers"));
        Options = new NetworkOptions
        {
            Vocabularies = [vocabulary],
            Embeddings = [embedding],
            Cell = golden.Text("cell") switch { "rnn" => CellKind.Rnn, "lstm" => CellKind.Lstm, _ => CellKind.Gru },
            Hidden = [.. Enumerable.Repeat(hidden, layers)],
            Outputs = vocabulary,
            HeadName = "decoder",
        };
    }

    public int Lanes { get; }

    public int Steps { get; }

    public int Windows { get; }

    public NetworkOptions Options { get; }

    public Reference.ReferenceOptions ReferenceOptions => ReferenceForm.Of(Options);

    public int Token(int step, int lane) => (int)_tokens[step * Lanes + lane];

    public Reference.ReferenceSequence Sequence(int window, int lane) => new()
    {
        Length = Steps,
        Tokens = [[.. Enumerable.Range(window * Steps, Steps).Select(step => Token(step, lane))]],
        Classes = [.. Enumerable.Range(window * Steps + 1, Steps).Select(step => Token(step, lane))],
    };
}
