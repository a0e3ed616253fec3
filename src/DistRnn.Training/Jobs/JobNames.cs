using System.Text;

namespace DistRnn.Training;

/// <summary>The kebab-case names that job files give to enumerations' members: <c>LanguageModel</c> is <c>language-model</c>.</summary>
public static class JobNames
{
    /// <summary>The name of a member.</summary>
    /// <param name="value">The member.</param>
    /// <typeparam name="T">The enumeration.</typeparam>
    public static string Of<T>(T value)
        where T : struct, Enum
    {
        var name = value.ToString();
        var kebab = new StringBuilder(name.Length + 4);
        for (var i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]))
                kebab.Append('-');
            kebab.Append(char.ToLowerInvariant(name[i]));
        }
        return kebab.ToString();
    }

    /// <summary>All names, in the order of the members.</summary>
    /// <typeparam name="T">The enumeration.</typeparam>
    public static IEnumerable<string> All<T>()
        where T : struct, Enum => Enum.GetValues<T>().Select(Of);

    /// <summary>The member of a name.</summary>
    /// <param name="name">The name.</param>
    /// <typeparam name="T">The enumeration.</typeparam>
    /// <exception cref="ArgumentException">No member has the name.</exception>
    public static T Parse<T>(string name)
        where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            if (string.Equals(Of(value), name, StringComparison.Ordinal))
                return value;
        }
        throw new ArgumentException($"'{name}' is none of {string.Join(", ", All<T>())}.", nameof(name));
    }
}
