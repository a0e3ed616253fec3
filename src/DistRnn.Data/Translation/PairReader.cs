using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>Reads pairs: a line with a separator, or the same line of two files.</summary>
/// <param name="options">What separates and cuts them.</param>
/// <param name="source">Where sources go.</param>
/// <param name="target">Where targets go.</param>
/// <param name="files">Where the files that were read are listed.</param>
/// <param name="progress">Told now and then how far reading has come; null for nobody.</param>
internal sealed class PairReader(TranslationDataOptions options, PairSide source, PairSide target, List<SourceFile> files, IProgress<DataProgress>? progress)
{
    /// <summary>Reads a part and says which sequences it has.</summary>
    /// <param name="sources">The file of pairs, or of sources.</param>
    /// <param name="targets">The file of targets, or null for pairs.</param>
    /// <param name="withTargets">Whether there are targets; without, a line is a source.</param>
    public int[] Read(TextSource sources, TextSource? targets, bool withTargets)
    {
        var first = source.Count;
        using var lines = new LineReader(sources, progress);
        using var others = targets is null ? null : new LineReader(targets, progress);
        while (lines.TryRead(out var line))
        {
            var said = line;
            ReadOnlySpan<char> right = [];
            if (withTargets && others is null)
            {
                var at = line.IndexOf(options.Separator, StringComparison.Ordinal);
                if (at < 0)
                    throw lines.Error($"there is no separator {Vocabulary.Escape(options.Separator)}; a line is a source, the separator and its target");
                said = line[..at];
                right = line[(at + options.Separator.Length)..];
            }
            else if (withTargets && !others!.TryRead(out right))
            {
                throw lines.Error($"{targets!.Name} has no such line; the two files have a line a pair");
            }
            Add(said, right, withTargets, lines);
        }
        if (others is not null && others.TryRead(out _))
            throw others.Error($"{sources.Name} has no such line; the two files have a line a pair");
        files.Add(lines.Finish());
        if (others is not null)
            files.Add(others.Finish());
        if (source.Count == first)
            throw new InvalidInputException($"{sources.Name} is empty; a line is a source{(withTargets ? ", the separator and its target" : "")}.");
        return [.. Enumerable.Range(first, source.Count - first)];
    }

    private void Add(ReadOnlySpan<char> said, ReadOnlySpan<char> right, bool withTargets, LineReader lines)
    {
        var room = options.MaxLength ?? int.MaxValue;
        // Where only the length ends a target, it is the target's and no source's.
        if (source.Add(said, options.EndToken is null ? int.MaxValue : room) == 0)
            throw lines.Error("the source is empty; it has at least one token");
        var count = target.Add(right, options.EndToken is null ? room : room - 1);
        if (withTargets && count == 0 && options.EndToken is null)
            throw lines.Error(string.Create(CultureInfo.InvariantCulture, $"the target is empty, and data.end-token is none; it has at least one token then"));
    }
}
