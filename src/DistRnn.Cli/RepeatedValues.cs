using System.Buffers;

namespace DistRnn.Cli;

/// <summary>Lets <c>--set a=1 b=2</c> stand for <c>--set a=1 --set b=2</c>, without <c>--set a=1 JOB</c> swallowing the job.</summary>
internal static class RepeatedValues
{
    private const string Set = "--set";

    private static readonly SearchValues<char> s_keyCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-");

    /// <summary>The arguments with each further setting behind an option of its own.</summary>
    /// <param name="arguments">As they were typed.</param>
    internal static IReadOnlyList<string> Expand(IReadOnlyList<string> arguments)
    {
        var expanded = new List<string>(arguments.Count);
        for (var i = 0; i < arguments.Count; i++)
        {
            if (i > 1 && arguments[i - 1] != Set && IsSetting(arguments[i]) && IsSetting(arguments[i - 1]) && expanded[^2] == Set)
                expanded.Add(Set);
            expanded.Add(arguments[i]);
        }

        return expanded;
    }

    private static bool IsSetting(string argument)
    {
        var end = argument.IndexOf('=', StringComparison.Ordinal);
        return end > 0 && argument.AsSpan(0, end).IndexOfAnyExcept(s_keyCharacters) < 0 && argument[0] != '-';
    }
}
