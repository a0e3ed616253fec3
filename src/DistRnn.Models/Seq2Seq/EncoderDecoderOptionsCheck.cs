namespace DistRnn.Models;

/// <summary>What must hold of <see cref="EncoderDecoderOptions"/> before anything is laid out, beside what holds of any stack.</summary>
internal static class EncoderDecoderOptionsCheck
{
    /// <summary>Throws where an option is out of range or contradicts another.</summary>
    /// <param name="options">The options.</param>
    /// <exception cref="ArgumentException">An option is not usable; the message says which, what it is and what is allowed.</exception>
    public static void ThrowIfInvalid(EncoderDecoderOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.TargetVocabulary);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Beam);
        NetworkOptionsCheck.ThrowIfInvalid(EncoderDecoder.EncoderOptionsOf(options));
        var units = options.DecoderUnits;
        if (units.Length != options.Hidden.Length)
            throw Invalid(nameof(options.DecoderHidden), $"the decoder has {units.Length} layers and the encoder {options.Hidden.Length}; a layer's state goes to its like");
        for (var layer = 0; layer < units.Length; layer++)
        {
            var (one, all) = (options.Hidden[layer], options.Hidden[layer] * options.Directions);
            if (units[layer] != one && units[layer] != all)
                throw Invalid(nameof(options.DecoderHidden), $"layer {layer} has {units[layer]} units; the encoder's has {one} a direction, so allowed are {(one == all ? $"{one}" : $"{one} (directions added up) and {all} (side by side)")}");
        }
        foreach (var (value, name) in (ReadOnlySpan<(Enum, string)>)[(options.Attention, nameof(options.Attention)), (options.Combine, nameof(options.Combine)), (options.Bridge, nameof(options.Bridge))])
            if (!Enum.IsDefined(value.GetType(), value))
                throw Invalid(name, $"it is {value}");
        var memory = options.Hidden[^1] * options.Directions;
        if (options.Attention is AttentionKind.Dot or AttentionKind.ScaledDot && units[^1] != memory)
            throw Invalid(nameof(options.Attention), $"a dot needs as many units of the decoder ({units[^1]}) as the encoder's states have ({memory}); general and additive do not");
        if (options.Dropout.Recurrent > 0)
            throw Invalid(nameof(options.Dropout), $"its rate for recurrent states is {options.Dropout.Recurrent.ToString(System.Globalization.CultureInfo.InvariantCulture)}; an encoder-decoder's are kept whole, so allowed is 0");
        if (options.Dropout.Words > 0 && (uint)options.TargetUnknown >= (uint)options.TargetVocabulary)
            throw Invalid(nameof(options.TargetUnknown), $"it is {options.TargetUnknown}; the vocabulary has tokens 0 to {options.TargetVocabulary - 1}");
    }

    private static ArgumentException Invalid(string name, string what) => new($"{name}: {what}.", name);
}
