using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>How a whole is cut in parts: rows of the data among train, valid and test, sequences of a batch among its shards.</summary>
internal static class Shares
{
    /// <summary>The contiguous range of one of several shares whose sizes differ by one at most, the larger ones first.</summary>
    public static (int Start, int Count) Of(int total, int shares, int share)
    {
        var (each, more) = Math.DivRem(total, shares);
        return (share * each + Math.Min(share, more), each + (share < more ? 1 : 0));
    }

    /// <summary>Where the parts of the training data end, in rows: train begins at 0, valid at the first end, test at the second.</summary>
    /// <param name="split">The shares, or null: all is training.</param>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="name">What the rows belong to, for messages.</param>
    /// <param name="unit">What a row is, for messages.</param>
    public static (long Train, long Valid, long Test) Ends(SplitOptions? split, long rows, string name, string unit)
    {
        if (split is null)
            return (rows, rows, rows);
        Check(split);
        if (!split.InRows)
        {
            // Decimal, so that 0.7 + 0.2 + 0.1 is 1.
            var (train, valid, test) = ((decimal)split.Train, (decimal)(split.Valid ?? 0), (decimal)(split.Test ?? 0));
            return ((long)(train * rows), (long)((train + valid) * rows), (long)((train + valid + test) * rows));
        }
        var (first, second, third) = ((long)split.Train, (long)(split.Valid ?? 0), (long)(split.Test ?? 0));
        if (first + second + third > rows)
            throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"data.split.parts asks for {first + second + third} {unit}, but {name} has {rows}."));
        return (first, first + second, first + second + third);
    }

    private static void Check(SplitOptions split)
    {
        Check(split, "train", split.Train);
        Check(split, "valid", split.Valid);
        Check(split, "test", split.Test);
        var sum = (decimal)split.Train + (decimal)(split.Valid ?? 0) + (decimal)(split.Test ?? 0);
        if (!split.InRows && sum > 1)
            throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"data.split.parts add up to {sum}; fractions are together at most 1."));
    }

    private static void Check(SplitOptions split, string key, double? share)
    {
        if (share is not { } value)
            return;
        var fits = split.InRows ? value >= 1 && value <= long.MaxValue / 4 && value == Math.Floor(value) : value is > 0 and <= 1;
        if (!fits)
        {
            throw new InvalidInputException(string.Create(
                CultureInfo.InvariantCulture,
                $"data.split.parts.{key} is {value}; {(split.InRows ? "rows are a whole number, at least 1" : "a fraction is above 0 and at most 1")}. Leave the part out for none."));
        }
    }
}
