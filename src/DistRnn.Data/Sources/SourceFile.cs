namespace DistRnn.Data;

/// <summary>A file that was read, as it was when it was read.</summary>
/// <param name="Name">Its path, or the name of the text in memory.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">SHA-256 of its content, 64 lower-case hexadecimal digits.</param>
public sealed record SourceFile(string Name, long Bytes, string Sha256);

/// <summary>How far reading has come.</summary>
/// <param name="Name">The file being read.</param>
/// <param name="BytesRead">Bytes of it read so far.</param>
/// <param name="BytesTotal">Its size.</param>
public readonly record struct DataProgress(string Name, long BytesRead, long BytesTotal);
