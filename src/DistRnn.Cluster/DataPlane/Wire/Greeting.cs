using System.Security.Cryptography;
using System.Text;

namespace DistRnn.Cluster;

/// <summary>
/// What two connections say to one another first. The connecting side greets with its name and a nonce; the accepting side answers with its own name and
/// nonce and, where a secret is asked for, proves that it knows it; the connecting side does the same; then it is welcome. A proof is an
/// HMAC-SHA-256 over both nonces and names, so that it is worth nothing on another connection.
/// </summary>
/// <remarks>Bytes of the prefix: version (1), bytes of the name (1), bytes of the proof (1), 0 (1), nonce (32), name, proof.</remarks>
internal readonly ref struct Greeting
{
    /// <summary>Bytes of a greeting at most.</summary>
    internal const int BytesMax = 36 + 255 + 32;

    /// <summary>Bytes of a nonce.</summary>
    internal const int NonceBytes = 32;

    /// <summary>Bytes of a proof.</summary>
    internal const int ProofBytes = 32;

    private const byte Version = 1;
    private const int NameAt = 4 + NonceBytes;

    private Greeting(ReadOnlySpan<byte> bytes)
    {
        Nonce = bytes.Slice(4, NonceBytes);
        Name = bytes.Slice(NameAt, bytes[1]);
        Proof = bytes[(NameAt + bytes[1])..];
    }

    /// <summary>The sender's nonce.</summary>
    internal ReadOnlySpan<byte> Nonce { get; }

    /// <summary>The sender's name, in UTF-8.</summary>
    internal ReadOnlySpan<byte> Name { get; }

    /// <summary>The sender's proof; empty where it gives none.</summary>
    internal ReadOnlySpan<byte> Proof { get; }

    /// <summary>Writes a greeting.</summary>
    /// <param name="name">The sender's name: 1 to 255 bytes of UTF-8.</param>
    /// <param name="nonce">The sender's nonce.</param>
    /// <param name="proof">The proof, or nothing.</param>
    /// <param name="bytes">Where to; <see cref="BytesMax"/> bytes suffice.</param>
    /// <returns>How many bytes were written.</returns>
    internal static int Write(ReadOnlySpan<byte> name, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> proof, Span<byte> bytes)
    {
        (bytes[0], bytes[1], bytes[2], bytes[3]) = (Version, checked((byte)name.Length), checked((byte)proof.Length), 0);
        nonce.CopyTo(bytes[4..]);
        name.CopyTo(bytes[NameAt..]);
        proof.CopyTo(bytes[(NameAt + name.Length)..]);
        return NameAt + name.Length + proof.Length;
    }

    /// <summary>Reads a greeting.</summary>
    /// <param name="bytes">All its bytes.</param>
    /// <param name="greeting">What they say.</param>
    /// <returns>Whether they are one.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, out Greeting greeting)
    {
        greeting = default;
        if (bytes.Length < NameAt || bytes[0] != Version || bytes[1] == 0 || bytes[2] is not (0 or ProofBytes) || bytes.Length != NameAt + bytes[1] + bytes[2])
            return false;
        greeting = new Greeting(bytes);
        return true;
    }

    /// <summary>The name as text, with what is no UTF-8 replaced.</summary>
    internal string NameText() => Encoding.UTF8.GetString(Name);

    /// <summary>What a side proves its knowledge of the secret with.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="isConnecting">Whether it is the side that connects.</param>
    /// <param name="connecting">The greeting of the side that connects.</param>
    /// <param name="acceptingName">The accepting side's name.</param>
    /// <param name="acceptingNonce">The accepting side's nonce.</param>
    /// <returns>32 bytes.</returns>
    internal static byte[] ProofOf(SharedSecret secret, bool isConnecting, in Greeting connecting, ReadOnlySpan<byte> acceptingName, ReadOnlySpan<byte> acceptingNonce)
    {
        var message = new List<byte>(256) { Version, isConnecting ? (byte)1 : (byte)2, (byte)connecting.Name.Length, (byte)acceptingName.Length };
        message.AddRange(connecting.Nonce);
        message.AddRange(acceptingNonce);
        message.AddRange(connecting.Name);
        message.AddRange(acceptingName);
        return secret.Authenticate([.. message]);
    }

    /// <summary>Whether a proof is the expected one, in a time that does not depend on where they differ.</summary>
    internal static bool IsProof(ReadOnlySpan<byte> given, ReadOnlySpan<byte> expected) => CryptographicOperations.FixedTimeEquals(given, expected);
}
