namespace DistRnn.Numerics;

/// <summary>What the targets of a <see cref="SequenceBatch"/> are.</summary>
public enum TargetKind
{
    /// <summary>There are none: the batch is for prediction only.</summary>
    None,

    /// <summary>A class at every step.</summary>
    ClassPerStep,

    /// <summary>A class a sequence.</summary>
    ClassPerSequence,

    /// <summary>A row of <see cref="SequenceBatch.TargetSize"/> real values a sequence.</summary>
    ValuesPerSequence,

    /// <summary>A sequence of tokens a sequence, with a length of its own: <see cref="SequenceBatch.TargetSequences"/>.</summary>
    SequencePerSequence,
}

/// <summary>
/// The sequences of one shard in plan order, as the data plan hands them to the shard computer. It owns growing arrays that are
/// reused from step to step, so filling it allocates nothing once it has seen its largest shard.
/// </summary>
/// <remarks>
/// Everything that runs over steps is concatenated row by row: step t of row r is element <c>Offsets[r] + t</c>. A row has at least one step.
/// Not thread-safe.
/// </remarks>
public sealed class SequenceBatch
{
    private int[] _offsets = new int[1];
    private int[][] _tokens = [];
    private float[] _values = [];
    private int[] _targets = [];
    private float[] _targetValues = [];
    private float[] _baseValues = [];
    private long[] _lanes = [];
    private SequenceBatch? _targetSequences;
    private SequenceBatch? _characterSequences;

    /// <summary>Sequences; 0 makes an empty shard.</summary>
    public int Rows { get; private set; }

    /// <summary>Steps of all sequences together.</summary>
    public int Steps { get; private set; }

    /// <summary>
    /// Tokens of the data that the batch stands for: what speed is counted in. <see cref="Reset"/> makes it <see cref="Steps"/>; a plan that leaves tokens out
    /// or reads them several times sets its own.
    /// </summary>
    public long SourceTokens { get; set; }

    /// <summary>Token columns: 0 for numeric sequences, 1 for tokens, more with features beside them.</summary>
    public int TokenColumns { get; private set; }

    /// <summary>Real values a step; 0 for token sequences.</summary>
    public int ValueSize { get; private set; }

    /// <summary>What the targets are.</summary>
    public TargetKind TargetKind { get; private set; }

    /// <summary>Values of a row's target, for <see cref="TargetKind.ValuesPerSequence"/>.</summary>
    public int TargetSize { get; private set; }

    /// <summary>Whether <see cref="BaseValues"/> are set: a known forecast to which the network's output is added.</summary>
    public bool HasBase { get; private set; }

    /// <summary>Where each row begins, and behind the last row where it ends: Rows + 1 entries.</summary>
    public ReadOnlySpan<int> Offsets => _offsets.AsSpan(0, Rows + 1);

    /// <summary>Steps of one row.</summary>
    /// <param name="row">The plan row.</param>
    public int LengthOf(int row) => _offsets[row + 1] - _offsets[row];

    /// <summary>A token column, [Steps].</summary>
    /// <param name="column">0 is the token itself, others are features.</param>
    public Span<int> Tokens(int column) => _tokens[column].AsSpan(0, Steps);

    /// <summary>Values, [Steps, ValueSize].</summary>
    public Span<float> Values => _values.AsSpan(0, Steps * ValueSize);

    /// <summary>Classes, [Steps] or [Rows]; -1 where there is nothing to learn.</summary>
    public Span<int> Targets => _targets.AsSpan(0, TargetKind switch { TargetKind.ClassPerStep => Steps, TargetKind.ClassPerSequence => Rows, _ => 0 });

    /// <summary>Real targets, [Rows, TargetSize].</summary>
    public Span<float> TargetValues => _targetValues.AsSpan(0, TargetKind == TargetKind.ValuesPerSequence ? Rows * TargetSize : 0);

    /// <summary>Known forecasts, [Rows, TargetSize], where <see cref="HasBase"/>.</summary>
    public Span<float> BaseValues => _baseValues.AsSpan(0, HasBase ? Rows * TargetSize : 0);

    /// <summary>
    /// What each row is to be turned into, where <see cref="TargetKind"/> is <see cref="TargetKind.SequencePerSequence"/>: as many rows, in the same
    /// order. Its tokens are what a decoder reads, its targets, a class a step, what it is to say. Filled by the caller after <see cref="Reset"/>.
    /// </summary>
    public SequenceBatch TargetSequences => _targetSequences ??= new SequenceBatch();

    /// <summary>
    /// The characters of each step's token, for a network that reads them: a row for every step, in the order of <see cref="Offsets"/>, with one token
    /// column. Filled by the caller after <see cref="Reset"/>.
    /// </summary>
    public SequenceBatch CharacterSequences => _characterSequences ??= new SequenceBatch();

    /// <summary>An identity of each row that outlives the step, [Rows]: the lane of a stateful stream, or the sequence's index in its part.</summary>
    public Span<long> RowIds => _lanes.AsSpan(0, Rows);

    /// <summary>Sets the shape for new content; the spans' content is undefined until it is written.</summary>
    /// <param name="lengths">Steps of each row, each at least 1.</param>
    /// <param name="tokenColumns">Token columns, 0 or more.</param>
    /// <param name="valueSize">Values a step, 0 or more.</param>
    /// <param name="targetKind">What the targets are.</param>
    /// <param name="targetSize">Values a row's target.</param>
    /// <param name="hasBase">Whether there are known forecasts.</param>
    /// <exception cref="ArgumentOutOfRangeException">A length is below 1, or a size is negative.</exception>
    public void Reset(ReadOnlySpan<int> lengths, int tokenColumns, int valueSize, TargetKind targetKind, int targetSize = 0, bool hasBase = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokenColumns);
        ArgumentOutOfRangeException.ThrowIfNegative(valueSize);
        ArgumentOutOfRangeException.ThrowIfNegative(targetSize);
        (Rows, TokenColumns, ValueSize, TargetKind, TargetSize, HasBase) = (lengths.Length, tokenColumns, valueSize, targetKind, targetSize, hasBase);
        Grow(ref _offsets, Rows + 1);
        Grow(ref _lanes, Rows);
        _offsets[0] = 0;
        for (var row = 0; row < lengths.Length; row++)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(lengths[row], 1, nameof(lengths));
            _offsets[row + 1] = checked(_offsets[row] + lengths[row]);
        }
        SourceTokens = Steps = _offsets[Rows];
        if (_tokens.Length < tokenColumns)
            Array.Resize(ref _tokens, tokenColumns);
        for (var column = 0; column < tokenColumns; column++)
        {
            _tokens[column] ??= [];
            Grow(ref _tokens[column], Steps);
        }
        Grow(ref _values, checked(Steps * valueSize));
        Grow(ref _targets, targetKind switch { TargetKind.ClassPerStep => Steps, TargetKind.ClassPerSequence => Rows, _ => 0 });
        if (targetKind == TargetKind.ValuesPerSequence)
        {
            Grow(ref _targetValues, checked(Rows * targetSize));
        }
        if (hasBase)
            Grow(ref _baseValues, checked(Rows * targetSize));
    }

    private static void Grow<T>(ref T[] array, int count)
    {
        if (array.Length < count)
            array = new T[Math.Max(count, array.Length * 2)];
    }
}
