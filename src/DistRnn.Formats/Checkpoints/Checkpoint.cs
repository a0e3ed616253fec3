using DistRnn.Numerics;

namespace DistRnn.Formats;

/// <summary>A complete checkpoint: every part was read and had the SHA-256 that the manifest says.</summary>
/// <param name="Directory">Its directory.</param>
/// <param name="Manifest">Its manifest.</param>
public sealed record Checkpoint(string Directory, Manifest Manifest)
{
    /// <summary>The manifest's file.</summary>
    public const string ManifestName = "manifest.json";

    /// <summary>Whether it has a part.</summary>
    /// <param name="name">The part's name.</param>
    public bool Has(string name) => Manifest.Parts.Any(part => string.Equals(part.Name, name, StringComparison.Ordinal));

    /// <summary>The file of a part.</summary>
    /// <param name="name">The part's name.</param>
    /// <exception cref="InvalidInputException">It has no such part.</exception>
    public string PathOf(string name) =>
        Has(name) ? Path.Combine(Directory, name) : throw new InvalidInputException($"{Path.Combine(Directory, ManifestName)} names no part '{name}'.");

    /// <summary>Reads a checkpoint and verifies every part.</summary>
    /// <param name="directory">Its directory.</param>
    /// <exception cref="InvalidInputException">It is not complete; the message names the part and says why.</exception>
    public static Checkpoint Open(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var path = Path.Combine(directory, ManifestName);
        if (!File.Exists(path))
            throw new InvalidInputException($"{directory} has no {ManifestName}: its writing was cut off.");
        try
        {
            var manifest = Manifest.FromJson(File.ReadAllBytes(path), path);
            foreach (var part in manifest.Parts)
                Verify(directory, part);
            return new Checkpoint(directory, manifest);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{directory} cannot be read: {error.Message.TrimEnd('.')}.", error);
        }
    }

    private static void Verify(string directory, ManifestPart part)
    {
        if (part.Name.Length == 0 || part.Name is "." or ".." || part.Name.AsSpan().IndexOfAny('/', '\\') >= 0)
            throw new InvalidInputException($"{Path.Combine(directory, ManifestName)} names the part '{part.Name}', which is no file's name.");
        var path = Path.Combine(directory, part.Name);
        if (!File.Exists(path))
            throw new InvalidInputException($"{path} is missing.");
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        if (file.Length != part.Bytes)
            throw new InvalidInputException($"{path} has {file.Length} bytes; {part.Bytes} were written.");
        if (StoredContent.Of(file).Sha256 != part.Sha256)
            throw new InvalidInputException($"{path} is not as it was written: its SHA-256 is another one.");
    }
}
