using System.Buffers;

namespace DistRnn.Cluster;

/// <summary>A blob's name: SHA-256 of its content, 64 hexadecimal digits in lower case.</summary>
public static class BlobName
{
    /// <summary>Digits of a name.</summary>
    public const int Length = 64;

    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789abcdef");

    /// <summary>Whether a text from outside is a blob's name; anything else is never made part of a path.</summary>
    /// <param name="text">The text.</param>
    public static bool IsValid(string? text) => text is { Length: Length } && !text.AsSpan().ContainsAnyExcept(s_digits);

    /// <summary>Refuses what is no blob's name.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentException">It is no blob's name.</exception>
    internal static void ThrowIfNone(string text)
    {
        if (!IsValid(text))
            throw new ArgumentException($"'{(text is { Length: > 80 } ? text[..80] + "..." : text)}' is no SHA-256 of 64 hexadecimal digits in lower case.", nameof(text));
    }
}
