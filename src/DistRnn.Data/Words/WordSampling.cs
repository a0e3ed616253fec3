using System.Collections.Immutable;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>
/// Which words of a text are kept, and which of them are the context of which: a pure function of the text, the seed, the epoch and the position.
/// Immutable and thread-safe, but for the scratch that each thread has of its own.
/// </summary>
/// <remarks>
/// The word at position p is kept where the 32 bits at index p of (seed, <see cref="PhiloxPurpose.Subsample"/>, epoch) are below its threshold. Its context
/// are the next kept words on either side, as many as 1 + floor(window * bits / 2^32) with the bits at index p of (seed,
/// <see cref="PhiloxPurpose.Window"/>, epoch), none of them behind the end of its line: first those before it, the nearest first, then those behind it.
/// </remarks>
internal sealed class WordSampling
{
    [ThreadStatic]
    private static Scratch? t_scratch;

    private readonly TokenStream _text;
    private readonly ulong[] _thresholds;
    private readonly int _window;

    /// <summary>Takes a text.</summary>
    /// <param name="text">Its ids: 0 for unknown words, 1 for line ends.</param>
    /// <param name="counts">How often the training text has each id.</param>
    /// <param name="subsample">The frequency above which words are left out by chance, or null.</param>
    /// <param name="window">The most words of a context on either side.</param>
    public WordSampling(TokenStream text, ImmutableArray<long> counts, double? subsample, int window)
    {
        (_text, _window) = (text, window);
        _thresholds = new ulong[counts.Length];
        var total = (double)counts.Skip(WordIds.Specials).Sum();
        for (var id = WordIds.Specials; id < counts.Length; id++)
        {
            var ratio = subsample is { } t && counts[id] > 0 ? t * total / counts[id] : 1;
            _thresholds[id] = ratio >= 1 ? 1UL << 32 : (ulong)(Math.Min(1, Math.Sqrt(ratio) + ratio) * (1UL << 32));
        }
    }

    /// <summary>Begins a batch: takes this thread's scratch.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="epoch">The epoch.</param>
    public Scratch Begin(ulong seed, ulong epoch)
    {
        var scratch = t_scratch ??= new Scratch();
        scratch.Begin(this, new Philox(seed, PhiloxPurpose.Subsample, epoch), new Philox(seed, PhiloxPurpose.Window, epoch));
        return scratch;
    }

    /// <summary>One thread's centre words and contexts on the way to a batch.</summary>
    internal sealed class Scratch
    {
        private readonly List<int> _lengths = [];
        private readonly List<int> _centres = [];
        private readonly List<long> _positions = [];
        private readonly List<int> _words = [];
        private WordSampling? _owner;
        private Philox _subsample;
        private Philox _windowChance;
        private int[] _ids = [];
        private uint[] _bits = [];
        private uint[] _windows = [];
        private Kept[] _kept = [];
        private int _keptCount;
        private int _lines;
        private long _from;
        private long _to;
        private long _sourceTokens;

        /// <summary>Starts afresh.</summary>
        public void Begin(WordSampling owner, Philox subsample, Philox windowChance)
        {
            (_owner, _subsample, _windowChance, _sourceTokens) = (owner, subsample, windowChance, 0);
            _lengths.Clear();
            _centres.Clear();
            _positions.Clear();
            _words.Clear();
        }

        /// <summary>Adds the kept words of a range, each with its context; one without a context is passed over.</summary>
        /// <param name="start">The first position.</param>
        /// <param name="end">The position behind the last one.</param>
        public void Add(long start, long end)
        {
            var count = (int)(end - start);
            var margin = 16 * _owner!._window;
            Load(start - margin, end + margin);
            foreach (var id in _ids.AsSpan((int)(start - _from), count))
                _sourceTokens += id >= WordIds.Specials ? 1 : 0;
            if (_windows.Length < count)
                _windows = new uint[count];
            _windowChance.FillUniforms((ulong)start, _windows.AsSpan(0, count));
            for (var k = IndexFrom(start); k < _keptCount && _from + _kept[k].Place < end; k++)
            {
                var position = _from + _kept[k].Place;
                var reach = 1 + (int)((ulong)_windows[position - start] * (uint)_owner._window >> 32);
                while (MayMiss(k, reach))
                {
                    Load(_from - (_to - _from), _to + (_to - _from));
                    k = IndexFrom(position);
                }
                AddRow(k, position, reach);
            }
        }

        /// <summary>Writes what was added: a row a centre word.</summary>
        public void WriteTo(SequenceBatch batch)
        {
            batch.Reset(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_lengths), 1, 0, TargetKind.ClassPerSequence);
            _words.CopyTo(batch.Tokens(0));
            _centres.CopyTo(batch.Targets);
            _positions.CopyTo(batch.RowIds);
            batch.SourceTokens = _sourceTokens;
        }

        /// <summary>Whether a context may go on where the text is not loaded.</summary>
        private bool MayMiss(int k, int reach) =>
            (k < reach && _from > 0 && _kept[k].Line == 0) || (k + reach >= _keptCount && _to < _owner!._text.Length && _kept[k].Line == _lines);

        private void AddRow(int k, long position, int reach)
        {
            var (first, line) = (_words.Count, _kept[k].Line);
            for (var i = k - 1; i >= 0 && i >= k - reach && _kept[i].Line == line; i--)
                _words.Add(_kept[i].Id);
            for (var i = k + 1; i < _keptCount && i <= k + reach && _kept[i].Line == line; i++)
                _words.Add(_kept[i].Id);
            if (_words.Count == first)
                return;
            _lengths.Add(_words.Count - first);
            _centres.Add(_kept[k].Id);
            _positions.Add(position);
        }

        /// <summary>The first kept word at a position or behind it.</summary>
        private int IndexFrom(long position)
        {
            var (low, high) = (0, _keptCount);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (_from + _kept[middle].Place < position)
                    low = middle + 1;
                else
                    high = middle;
            }
            return low;
        }

        private void Load(long from, long to)
        {
            (_from, _to) = (Math.Max(0, from), Math.Min(_owner!._text.Length, to));
            var count = checked((int)(_to - _from));
            if (_ids.Length < count)
                (_ids, _bits) = (new int[2 * count], new uint[2 * count]);
            _owner._text.CopyTo(_from, _ids.AsSpan(0, count));
            _subsample.FillUniforms((ulong)_from, _bits.AsSpan(0, count));
            if (_kept.Length < count)
                _kept = new Kept[2 * count];
            (_keptCount, _lines) = (0, 0);
            var thresholds = _owner._thresholds;
            for (var place = 0; place < count; place++)
            {
                var id = _ids[place];
                if (id == WordIds.EndOfLine)
                    _lines++;
                else if (_bits[place] < thresholds[id])
                    _kept[_keptCount++] = new Kept(place, id, _lines);
            }
        }

        /// <summary>A kept word of the loaded range.</summary>
        /// <param name="Place">Its place in the range.</param>
        /// <param name="Id">The word.</param>
        /// <param name="Line">Line ends between the range's beginning and the word.</param>
        private readonly record struct Kept(int Place, int Id, int Line);
    }
}
