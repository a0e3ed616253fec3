using System.Buffers;

namespace DistRnn.Cluster;

/// <summary>A file that goes along with a job.</summary>
/// <param name="Key">The key of the job file that names it or a directory above it, such as <c>data.train</c>.</param>
/// <param name="Name">Where it lies under the directory that the job is laid out in: <c>files/</c>, the key, and its path; separated by slashes.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">SHA-256 of its content, which is its blob's name.</param>
public sealed record JobPackageFile(string Key, string Name, long Bytes, string Sha256)
{
    private const int NameLengthMax = 1024;

    private static readonly SearchValues<char> s_forbidden = SearchValues.Create("\\:\0");

    /// <summary>Whether a text is a relative path that stays inside the directory it is relative to, on every system.</summary>
    /// <param name="name">The text.</param>
    internal static bool IsSafe(string? name)
    {
        if (name is not { Length: > 0 and <= NameLengthMax } || name.AsSpan().ContainsAny(s_forbidden) || name.Any(char.IsControl))
            return false;
        return name.Split('/').All(segment => segment.Length > 0 && segment is not ("." or ".."));
    }
}
