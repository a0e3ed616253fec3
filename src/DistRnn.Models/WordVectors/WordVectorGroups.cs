using DistRnn.Numerics;

namespace DistRnn.Models;

/// <summary>
/// A small matrix of decisions: inputs (contexts, or their means) against columns (rows of <c>out.weight</c>).
/// </summary>
/// <param name="Shard">The shard, from 0 for the first that is computed.</param>
/// <param name="FirstInput">The first of its inputs among all inputs.</param>
/// <param name="Inputs">Inputs.</param>
/// <param name="FirstColumn">The first of its columns among all columns.</param>
/// <param name="Columns">Columns, a multiple of <see cref="WordVectorGroups.ColumnsStep"/>; the last may be nobody's.</param>
/// <param name="FirstWeight">Where its weights begin: for each of its inputs a row of <paramref name="Columns"/>.</param>
/// <param name="Pairs">Pairs of an input and a centre word.</param>
internal readonly record struct WordVectorGroup(int Shard, int FirstInput, int Inputs, int FirstColumn, int Columns, int FirstWeight, int Pairs);

/// <summary>
/// What a step's shards ask of the vectors, cut in groups of centre words that are computed together. With negative sampling up to
/// <see cref="CentresMax"/> consecutive centre words share their negatives; with hierarchical softmax a centre word is a group and its path the columns.
/// </summary>
/// <remarks>
/// <para>
/// Neighbouring centre words have most of their context in common. With skip-gram a group's inputs are the different words of all its contexts, in the order
/// first seen, and a decision's weight counts how often it comes: so each is computed once.
/// </para>
/// <para>
/// Shared negatives follow pWord2Vec (S. Ji, N. Satish, S. Li, P. Dubey, "Parallelizing word2vec in shared and distributed memory", 2016). A group draws
/// <see cref="WordVectorSampling.Shared"/> words, each with the weight K / drawn, so that a pair is set against K negatives in all; one that is a pair's own
/// centre word does not count for it. Groups begin anew in every shard. Reused from step to step; not thread-safe.
/// </para>
/// </remarks>
internal sealed class WordVectorGroups
{
    /// <summary>Columns come in such steps, the widest vector.</summary>
    public const int ColumnsStep = 16;

    /// <summary>The most centre words of a group.</summary>
    public const int CentresMax = 8;

    private readonly WordVectorOptions _options;
    private readonly IWordVectorNegatives? _negatives;
    private readonly HuffmanTree? _tree;
    private readonly int _centresMax;
    private readonly int[] _inputOfWord;
    private readonly GrowingList<int> _counts = new();

    /// <summary>Prepares for a model's options.</summary>
    /// <param name="options">The options.</param>
    /// <param name="negatives">Where negative words come from; null for those of the options.</param>
    /// <param name="centresMax">The most centre words of a group.</param>
    public WordVectorGroups(WordVectorOptions options, IWordVectorNegatives? negatives = null, int centresMax = CentresMax)
    {
        (_options, _centresMax) = (options, centresMax);
        _inputOfWord = new int[options.Counts.Length];
        if (options.Output == WordVectorOutput.HierarchicalSoftmax)
            _tree = new HuffmanTree(options.Counts);
        else
            _negatives = negatives ?? new WordVectorSampling(options);
    }

    /// <summary>The groups, shard by shard.</summary>
    public GrowingList<WordVectorGroup> Groups { get; } = new();

    /// <summary>The words of all inputs.</summary>
    public GrowingList<int> Words { get; } = new();

    /// <summary>The shard of each of <see cref="Words"/>.</summary>
    public GrowingList<int> WordShards { get; } = new();

    /// <summary>The input that each of <see cref="Words"/> belongs to.</summary>
    public GrowingList<int> WordInputs { get; } = new();

    /// <summary>Where each input's words begin, and behind the last where they end.</summary>
    public GrowingList<int> InputStarts { get; } = new();

    /// <summary>The row of <c>out.weight</c> of each column; -1 for nobody's.</summary>
    public GrowingList<int> Columns { get; } = new();

    /// <summary>The weight of each decision, a row an input: negative where the answer is no, 0 where nothing is asked.</summary>
    public GrowingList<float> Weights { get; } = new();

    /// <summary>The most inputs of a group.</summary>
    public int InputsMax { get; private set; }

    /// <summary>The most columns of a group.</summary>
    public int ColumnsMax { get; private set; }

    /// <summary>Takes a step's shards.</summary>
    /// <param name="key">The seed and the step, or null where no step draws: then negatives are drawn as at evaluation.</param>
    /// <param name="firstShard">The number of the first shard in the batch.</param>
    /// <param name="shards">A row a centre word, its target; its steps are the words of its context.</param>
    public void Build(StepKey? key, int firstShard, ReadOnlySpan<SequenceBatch> shards)
    {
        Clear();
        for (var shard = 0; shard < shards.Length; shard++)
        {
            var batch = shards[shard];
            if (batch.Rows > 0 && (batch.TargetKind != TargetKind.ClassPerSequence || batch.TokenColumns != 1))
                throw new ArgumentException("A shard of word vectors has rows of words with a centre word each.", nameof(shards));
            var most = _tree is null ? _centresMax : 1;
            for (int row = 0, group = 0; row < batch.Rows; row += most, group++)
                AddGroup(key, firstShard, shard, group, batch, row, Math.Min(most, batch.Rows - row));
        }
        InputStarts.Add(Words.Count);
    }

    private static int RoundUp(int count) => (count + ColumnsStep - 1) / ColumnsStep * ColumnsStep;

    private void Clear()
    {
        Groups.Clear();
        Words.Clear();
        WordShards.Clear();
        WordInputs.Clear();
        InputStarts.Clear();
        Columns.Clear();
        Weights.Clear();
        (InputsMax, ColumnsMax) = (0, 0);
    }

    private void AddGroup(StepKey? key, int firstShard, int shard, int group, SequenceBatch batch, int firstRow, int rows)
    {
        var (firstInput, firstColumn, firstWeight) = (InputStarts.Count, Columns.Count, Weights.Count);
        var pairs = _options.Algorithm == WordVectorAlgorithm.SkipGram ? AddWords(shard, batch, firstRow, rows) : AddMeans(shard, batch, firstRow, rows);
        var inputs = InputStarts.Count - firstInput;
        if (_tree is null)
            AddSampled(key, firstShard + shard, group, batch, firstRow, rows, inputs);
        else
            AddPath(batch.Targets[firstRow], inputs);
        var columns = Columns.Count - firstColumn;
        (InputsMax, ColumnsMax) = (Math.Max(InputsMax, inputs), Math.Max(ColumnsMax, columns));
        Groups.Add(new WordVectorGroup(shard, firstInput, inputs, firstColumn, columns, firstWeight, pairs));
    }

    /// <summary>Adds the different words of a group's contexts, and counts how often each is in the context of which centre word: [inputs, rows].</summary>
    private int AddWords(int shard, SequenceBatch batch, int firstRow, int rows)
    {
        var (firstInput, pairs) = (InputStarts.Count, 0);
        _counts.Clear();
        for (var row = 0; row < rows; row++)
        {
            foreach (var word in ContextOf(batch, firstRow + row))
            {
                // An input's number is kept by its word; what an earlier group left there names another group's input, or another word's.
                var input = _inputOfWord[word];
                if (input < firstInput || input >= InputStarts.Count || Words.Span[InputStarts.Span[input]] != word)
                {
                    input = _inputOfWord[word] = InputStarts.Count;
                    AddInput(shard, word);
                    _counts.AddMany(rows).Clear();
                }
                _counts.Span[(input - firstInput) * rows + row]++;
                pairs++;
            }
        }
        return pairs;
    }

    /// <summary>Adds an input a row, the mean of its context, which is the context of that row's centre word alone.</summary>
    private int AddMeans(int shard, SequenceBatch batch, int firstRow, int rows)
    {
        _counts.Clear();
        _counts.AddMany(rows * rows).Clear();
        for (var row = 0; row < rows; row++)
        {
            _counts.Span[row * rows + row] = 1;
            var words = ContextOf(batch, firstRow + row);
            AddInput(shard, words[0]);
            foreach (var word in words[1..])
                AddWord(shard, word);
        }
        return rows;
    }

    private ReadOnlySpan<int> ContextOf(SequenceBatch batch, int row)
    {
        var words = batch.Tokens(0).Slice(batch.Offsets[row], batch.LengthOf(row));
        foreach (var word in words)
        {
            if ((uint)word >= (uint)_options.Counts.Length)
                throw new ArgumentOutOfRangeException(nameof(batch), word, $"Row {row} has the word {word}; there are words 0 to {_options.Counts.Length - 1}.");
        }
        return words;
    }

    private void AddInput(int shard, int word)
    {
        InputStarts.Add(Words.Count);
        AddWord(shard, word);
    }

    private void AddWord(int shard, int word)
    {
        Words.Add(word);
        WordShards.Add(shard);
        WordInputs.Add(InputStarts.Count - 1);
    }

    private void AddSampled(StepKey? key, int shard, int group, SequenceBatch batch, int firstRow, int rows, int inputs)
    {
        var centres = batch.Targets.Slice(firstRow, rows);
        var firstColumn = Columns.Count;
        foreach (var centre in centres)
            Columns.Add(Checked(centre));
        var shared = _negatives!.Shared;
        _negatives.Fill(key, shard, group, batch.RowIds[firstRow], Columns.AddMany(shared));
        var columns = RoundUp(rows + shared);
        Columns.AddMany(columns - rows - shared).Fill(-1);
        var weights = Weights.AddMany(inputs * columns);
        weights.Clear();
        var negatives = Columns.Span.Slice(firstColumn + rows, shared);
        for (var input = 0; input < inputs; input++)
        {
            var (own, all) = (input * columns, 0);
            ReadOnlySpan<int> counts = _counts.Span.Slice(input * rows, rows);
            for (var row = 0; row < rows; row++)
            {
                weights[own + row] = counts[row];
                all += counts[row];
            }
            for (var i = 0; i < shared; i++)
                weights[own + rows + i] = -_negatives.Weight * (all - (_negatives.CountsCentre ? 0 : CountOf(negatives[i], centres, counts)));
        }
    }

    /// <summary>How often an input is in the context of one word.</summary>
    private static int CountOf(int word, ReadOnlySpan<int> centres, ReadOnlySpan<int> counts)
    {
        var count = 0;
        for (var row = 0; row < centres.Length; row++)
            count += centres[row] == word ? counts[row] : 0;
        return count;
    }

    private void AddPath(int centre, int inputs)
    {
        var nodes = _tree!.NodesOf(Checked(centre));
        var bits = _tree.BitsOf(centre);
        if (nodes.IsEmpty)
            throw new ArgumentOutOfRangeException(nameof(centre), centre, $"The centre word {centre} has no place in the tree: its count is 0.");
        var columns = RoundUp(nodes.Length);
        nodes.CopyTo(Columns.AddMany(nodes.Length));
        Columns.AddMany(columns - nodes.Length).Fill(-1);
        var weights = Weights.AddMany(inputs * columns);
        weights.Clear();
        for (var input = 0; input < inputs; input++)
            for (var i = 0; i < bits.Length; i++)
                weights[input * columns + i] = bits[i] ? -_counts.Span[input] : _counts.Span[input];
    }

    private int Checked(int centre) => (uint)centre < (uint)_options.Counts.Length
        ? centre
        : throw new ArgumentOutOfRangeException(nameof(centre), centre, $"There are words 0 to {_options.Counts.Length - 1}.");
}
