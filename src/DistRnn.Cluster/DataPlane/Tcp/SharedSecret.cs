using System.Security.Cryptography;
using System.Text;
using DistRnn.Numerics;

namespace DistRnn.Cluster;

/// <summary>A secret that the nodes of a cluster share, from a file or the environment. It never leaves this object, and its text form does not show it.</summary>
internal sealed class SharedSecret
{
    private const int BytesMin = 16;
    private const int BytesMax = 4096;

    private readonly byte[] _bytes;

    private SharedSecret(byte[] bytes) => _bytes = bytes;

    /// <summary>Reads a secret from a file; white space at its ends does not count.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidInputException">The file cannot be read, or what it holds is shorter than 16 bytes or longer than 4,096.</exception>
    internal static SharedSecret FromFile(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            return FromText(File.ReadAllText(path), $"the file '{path}'");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"The secret file '{path}' cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Reads a secret from the environment, if it is there.</summary>
    /// <param name="variable">The variable's name.</param>
    /// <returns>The secret, or null where the variable is not set.</returns>
    /// <exception cref="InvalidInputException">The value is shorter than 16 bytes or longer than 4,096.</exception>
    internal static SharedSecret? FromEnvironment(string variable)
    {
        var text = Environment.GetEnvironmentVariable(variable);
        return string.IsNullOrEmpty(text) ? null : FromText(text, $"the environment variable {variable}");
    }

    /// <summary>Makes a secret of text.</summary>
    /// <param name="text">The text; white space at its ends does not count.</param>
    /// <param name="source">Where it came from, for the message.</param>
    /// <exception cref="InvalidInputException">It is shorter than 16 bytes or longer than 4,096.</exception>
    internal static SharedSecret FromText(string text, string source)
    {
        var bytes = Encoding.UTF8.GetBytes(text.Trim());
        if (bytes.Length is < BytesMin or > BytesMax)
            throw new InvalidInputException($"The secret in {source} has {bytes.Length} bytes; allowed are {BytesMin} to {BytesMax}.");
        return new SharedSecret(bytes);
    }

    /// <summary>HMAC-SHA-256 of a message under the secret.</summary>
    internal byte[] Authenticate(ReadOnlySpan<byte> message) => HMACSHA256.HashData(_bytes, message);

    /// <inheritdoc/>
    public override string ToString() => "(a shared secret)";
}
