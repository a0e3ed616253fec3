using System.Globalization;
using System.Text;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// Dates of the years 1950 to 2049 as people write them, and as ISO 8601 does: nine forms, with and without the day of the week. No date is in two of the
/// parts, so no date of the test part was seen in training, in any form.
/// </summary>
internal static class WrittenDates
{
    private const int Dates = 36_525;
    private const int Forms = 9;

    private static readonly DateOnly First = new(1950, 1, 1);

    /// <summary>Lines with a written date, a tab, and the ISO form.</summary>
    /// <param name="first">The first date in the fixed order of all 36,525.</param>
    /// <param name="count">How many.</param>
    internal static string Pairs(int first, int count)
    {
        var order = new int[Dates];
        new Philox(2, PhiloxPurpose.Synthesize, 5).Permutation(order);
        var chance = new Philox(2, PhiloxPurpose.Synthesize, 6);
        var text = new StringBuilder();
        for (var i = first; i < first + count; i++)
        {
            var date = First.AddDays(order[i]);
            text.Append(Written(date, chance.Below((ulong)i, Forms))).Append('\t').Append(date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)).Append('\n');
        }
        return text.ToString();
    }

    private static string Written(DateOnly date, int form) => form switch
    {
        0 => date.ToString("MMMM d, yyyy", CultureInfo.InvariantCulture),
        1 => date.ToString("d MMMM yyyy", CultureInfo.InvariantCulture),
        2 => date.ToString("dddd, d MMMM yyyy", CultureInfo.InvariantCulture),
        3 => date.ToString("MMM d yyyy", CultureInfo.InvariantCulture),
        4 => date.ToString("ddd d-MMM-yyyy", CultureInfo.InvariantCulture),
        5 => date.ToString("d.M.yyyy", CultureInfo.InvariantCulture),
        6 => date.ToString("yyyy/MM/dd", CultureInfo.InvariantCulture),
        7 => $"the {date.Day}{EndingOf(date.Day)} of {date.ToString("MMMM yyyy", CultureInfo.InvariantCulture)}",
        _ => $"{date.ToString("dddd, MMMM", CultureInfo.InvariantCulture)} {date.Day}{EndingOf(date.Day)}, {date.ToString("yyyy", CultureInfo.InvariantCulture)}",
    };

    private static string EndingOf(int day) => day is 11 or 12 or 13 ? "th" : (day % 10) switch { 1 => "st", 2 => "nd", 3 => "rd", _ => "th" };
}
