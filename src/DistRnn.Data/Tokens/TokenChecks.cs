using System.Globalization;
using DistRnn.Numerics;

namespace DistRnn.Data;

/// <summary>What options on tokens must satisfy, whatever the task.</summary>
internal static class TokenChecks
{
    public static void Check(TokenDataOptions options, int specials, int? maxLength = null)
    {
        if (options.MinCount < 1)
            throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"data.min-count is {options.MinCount}; it is at least 1."));
        if (maxLength < 1)
            throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"data.max-length is {maxLength}; it is at least 1, or none."));
        if (options.Vocabulary is not { } size)
            return;
        if (options.Tokens == TokenKind.Byte)
            throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"data.vocabulary is {size}, but bytes have a vocabulary of 256; leave it out."));
        if (size < specials)
            throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"data.vocabulary is {size}; it is at least {specials}, for the special tokens."));
    }
}
