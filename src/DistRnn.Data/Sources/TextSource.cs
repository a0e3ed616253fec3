using System.Text;

namespace DistRnn.Data;

/// <summary>Where data comes from: a file (or a directory of files), or text that the program already holds, as built-in jobs do.</summary>
/// <remarks>Thread-safe. Two sources are equal when they have the same path, or the same name and content.</remarks>
public sealed record TextSource
{
    private TextSource(string name, string? path, byte[]? content) => (Name, Path, Content) = (name, path, content);

    /// <summary>What messages call it: the path, or the name that was given.</summary>
    public string Name { get; }

    /// <summary>The file or directory, or null for text in memory.</summary>
    public string? Path { get; }

    private byte[]? Content { get; }

    /// <summary>A file or a directory. It is not opened yet.</summary>
    /// <param name="path">An absolute path, or one relative to the working directory.</param>
    public static TextSource FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new TextSource(path, path, null);
    }

    /// <summary>Text in memory.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="text">The content.</param>
    public static TextSource FromText(string name, string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new TextSource(name, null, Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Bytes in memory, UTF-8 where text is expected.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="content">The content; it is copied.</param>
    public static TextSource FromBytes(string name, ReadOnlySpan<byte> content)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new TextSource(name, null, content.ToArray());
    }

    /// <inheritdoc/>
    public bool Equals(TextSource? other) =>
        other is not null && Name == other.Name && Path == other.Path && Content.AsSpan().SequenceEqual(other.Content.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Name);

    /// <inheritdoc/>
    public override string ToString() => Name;

    internal Stream? OpenContent() => Content is null ? null : new MemoryStream(Content, writable: false);
}
