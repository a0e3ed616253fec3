using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// Continues a text token by token: the network reads the prompt, or, without one, what stands at the end of a line (else the most frequent token); then
/// each drawn token is read in turn. The state is carried, so a token costs the same however long the text is.
/// </summary>
internal sealed class TextGenerator(LanguageModelData text, INetwork network, INetworkComputer computer)
{
    private readonly SequenceBatch _batch = new();
    private readonly Predictions _predictions = new();

    /// <summary>Generates text, without the prompt.</summary>
    /// <param name="options">How.</param>
    public IEnumerable<string> Generate(GenerationOptions options)
    {
        using var first = network.CreateLanes(1);
        using var second = network.CreateLanes(1);
        var (from, to) = (first, second);
        var sampler = new TokenSampler(options.Seed, options.Temperature, text.Vocabularies[0].IdOf(Vocabulary.Unknown));
        int[] read = options.Prompt.Length > 0 ? text.Encode(options.Prompt) : [StartToken()];
        if (read.Length == 0)
            read = [StartToken()];
        var pieces = new PieceDecoder(text, options.Prompt.Length > 0 ? read : []);
        for (var i = 0; i < options.Length; i++)
        {
            Read(read, from, to);
            (from, to) = (to, from);
            var token = sampler.Draw(_predictions.Values[((_predictions.Count - 1) * _predictions.Size)..]);
            if (pieces.Add(token) is { Length: > 0 } piece)
                yield return piece;
            read = [token];
        }
        if (pieces.Finish() is { Length: > 0 } rest)
            yield return rest;
    }

    private void Read(int[] tokens, LaneState from, LaneState to)
    {
        _batch.Reset([tokens.Length], 1, 0, TargetKind.None);
        tokens.CopyTo(_batch.Tokens(0));
        _batch.RowIds[0] = 0;
        computer.Predict(_batch, from, to, _predictions);
    }

    private int StartToken()
    {
        var vocabulary = text.Vocabularies[0];
        foreach (var token in (ReadOnlySpan<string>)[Vocabulary.EndOfSentence, "\n", "0x0a"])
            if (vocabulary.IdOf(token) is >= 0 and var id)
                return id;
        return vocabulary.Count > 1 ? 1 : 0;
    }

    /// <summary>Turns growing tokens into text: what a new token adds, once it is certain. Bytes wait until a character is whole.</summary>
    private sealed class PieceDecoder(LanguageModelData text, int[] prompt)
    {
        private readonly List<int> _tokens = [.. prompt.TakeLast(1)];
        private int _written = text.Decode(prompt.AsSpan(Math.Max(0, prompt.Length - 1))).Length;

        public string Add(int token)
        {
            _tokens.Add(token);
            var all = Decoded();
            if (all.EndsWith('\uFFFD'))
                return "";
            var piece = all.Length > _written ? all[_written..] : "";
            _tokens.RemoveRange(0, _tokens.Count - 1);
            _written = Decoded().Length;
            return piece;
        }

        public string Finish()
        {
            var all = Decoded();
            return all.Length > _written ? all[_written..] : "";
        }

        private string Decoded() => text.Decode(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_tokens));
    }
}
