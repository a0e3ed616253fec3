using System.Collections.Immutable;

namespace DistRnn.Models;

/// <summary>What must hold of <see cref="NetworkOptions"/> before anything is laid out. Jobs are checked, key by key, before they come here.</summary>
internal static class NetworkOptionsCheck
{
    /// <summary>Throws where an option is out of range or contradicts another.</summary>
    /// <param name="options">The options.</param>
    /// <exception cref="ArgumentException">An option is not usable; the message says which, what it is and what is allowed.</exception>
    public static void ThrowIfInvalid(NetworkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        CheckInputs(options);
        CheckStack(options);
        CheckHead(options);
        CheckTies(options);
        CheckDropout(options);
        CheckInitializer(options);
    }

    private static void CheckInputs(NetworkOptions options)
    {
        CheckSizes(options.Vocabularies, nameof(options.Vocabularies));
        CheckSizes(options.Embeddings, nameof(options.Embeddings));
        if (options.Vocabularies.Length != options.Embeddings.Length)
            throw Invalid(nameof(options.Embeddings), $"there are {options.Vocabularies.Length} vocabularies and {options.Embeddings.Length} embedding sizes; each token column needs both");
        if (options.ValueSize < 0)
            throw OutOfRange(nameof(options.ValueSize), options.ValueSize, "0 or more");
        if (options.Vocabularies.IsEmpty && options.ValueSize == 0)
            throw Invalid(nameof(options.ValueSize), "a network reads tokens, real values or both; here are neither");
        if (options.ContextWindow < 1 || options.ContextWindow % 2 == 0)
            throw OutOfRange(nameof(options.ContextWindow), options.ContextWindow, "an odd number, 1 or more");
        if (options.Characters is < 0 or > 1 << 20)
            throw OutOfRange(nameof(options.Characters), options.Characters, "0 to 1048576");
        if (options.CharacterVocabulary < 0 || options.Characters > 0 != options.CharacterVocabulary > 0)
            throw OutOfRange(nameof(options.CharacterVocabulary), options.CharacterVocabulary, "1 or more with characters, 0 without");
        if (options.Characters > 0 && options.Vocabularies.IsEmpty)
            throw Invalid(nameof(options.Characters), "characters belong to tokens, and here are none");
        var inputs = options.StepSize * options.ContextWindow;
        if (inputs > int.MaxValue)
            throw OutOfRange(nameof(options.Embeddings), inputs, "at most 2147483647 inputs of the first layer");
    }

    private static void CheckStack(NetworkOptions options)
    {
        CheckDefined(options.Cell, nameof(options.Cell));
        CheckDefined(options.Activation, nameof(options.Activation));
        CheckSizes(options.Hidden, nameof(options.Hidden));
        if (options.Hidden.IsEmpty)
            throw Invalid(nameof(options.Hidden), "there is no layer; at least one is needed");
        foreach (var units in options.Hidden)
            if (units > int.MaxValue / 4)
                throw OutOfRange(nameof(options.Hidden), units, "at most 536870911 units a layer");
        if (options.Peepholes && options.Cell != CellKind.Lstm)
            throw Invalid(nameof(options.Peepholes), $"peepholes belong to an LSTM, and the cell is {options.Cell}");
        if (!float.IsFinite(options.ForgetBias))
            throw OutOfRange(nameof(options.ForgetBias), options.ForgetBias, "a finite number");
        if (options.ForgetBias != 0 && options.Cell != CellKind.Lstm)
            throw Invalid(nameof(options.ForgetBias), $"a forget gate belongs to an LSTM, and the cell is {options.Cell}");
    }

    private static void CheckHead(NetworkOptions options)
    {
        CheckDefined(options.Pooling, nameof(options.Pooling));
        CheckDefined(options.Head, nameof(options.Head));
        if (options.Outputs < 1)
            throw OutOfRange(nameof(options.Outputs), options.Outputs, "1 or more");
        if (string.IsNullOrWhiteSpace(options.HeadName))
            throw Invalid(nameof(options.HeadName), "the output layer needs a name");
        if (options.HeadName is "embedding" or "rnn" or "characters" or "crf" or "pooling" || options.HeadName.StartsWith("feature_embedding", StringComparison.Ordinal))
            throw Invalid(nameof(options.HeadName), $"'{options.HeadName}' is another layer's name");
        if (options.ClassWeights.IsDefault)
            throw Invalid(nameof(options.ClassWeights), "the array is not set; empty means 1 for each class");
        if (options.ClassWeights.IsEmpty)
            return;
        if (options.Head == HeadKind.ValuesPerSequence)
            throw Invalid(nameof(options.ClassWeights), "real values have no classes to weigh");
        if (options.Head == HeadKind.Crf)
            throw Invalid(nameof(options.ClassWeights), "a conditional random field weighs whole sequences, which have no weights of classes");
        if (options.ClassWeights.Length != options.Outputs)
            throw Invalid(nameof(options.ClassWeights), $"there are {options.ClassWeights.Length} weights for {options.Outputs} classes");
        foreach (var weight in options.ClassWeights)
            if (!float.IsFinite(weight) || weight < 0)
                throw OutOfRange(nameof(options.ClassWeights), weight, "finite numbers, 0 or more");
    }

    private static void CheckTies(NetworkOptions options)
    {
        if (!options.TieWeights)
            return;
        if (options.Head != HeadKind.ClassPerStep || options.Vocabularies.Length != 1 || options.ValueSize > 0 || options.ContextWindow != 1 || options.Characters > 0 || options.Bidirectional)
            throw Invalid(nameof(options.TieWeights), "weights are shared in a language model: one token column without values or neighbours, read forwards, and a class a step");
        if (options.Outputs != options.Vocabularies[0])
            throw Invalid(nameof(options.TieWeights), $"there are {options.Vocabularies[0]} tokens to read and {options.Outputs} to say; shared weights need equal numbers");
        if (options.Embeddings[0] != options.Hidden[^1])
            throw Invalid(nameof(options.TieWeights), $"an embedding has {options.Embeddings[0]} elements and the last layer {options.Hidden[^1]} units; shared weights need equal numbers");
    }

    private static void CheckDropout(NetworkOptions options)
    {
        var dropout = options.Dropout ?? throw Invalid(nameof(options.Dropout), "it is null; DropoutOptions.None means no dropout");
        CheckRate(dropout.Embedding, nameof(dropout.Embedding));
        CheckRate(dropout.Layers, nameof(dropout.Layers));
        CheckRate(dropout.Output, nameof(dropout.Output));
        CheckRate(dropout.Words, nameof(dropout.Words));
        CheckRate(dropout.Recurrent, nameof(dropout.Recurrent));
        if (dropout.Words == 0)
            return;
        if (options.Vocabularies.IsEmpty)
            throw Invalid(nameof(options.Dropout), "words cannot be dropped where there are no tokens");
        if ((uint)options.UnknownToken >= (uint)options.Vocabularies[0])
            throw OutOfRange(nameof(options.UnknownToken), options.UnknownToken, $"a token of the vocabulary, 0 to {options.Vocabularies[0] - 1}");
    }

    private static void CheckInitializer(NetworkOptions options)
    {
        CheckDefined(options.Initializer, nameof(options.Initializer));
        if (options.Initializer is InitializerKind.Uniform or InitializerKind.Normal && !(options.InitializerScale > 0 && float.IsFinite(options.InitializerScale)))
            throw OutOfRange(nameof(options.InitializerScale), options.InitializerScale, "a finite number above 0");
    }

    private static void CheckRate(float rate, string name)
    {
        if (!(rate >= 0 && rate < 1))
            throw OutOfRange($"{nameof(NetworkOptions.Dropout)}.{name}", rate, "at least 0 and below 1");
    }

    private static void CheckSizes(ImmutableArray<int> sizes, string name)
    {
        if (sizes.IsDefault)
            throw Invalid(name, "the array is not set");
        foreach (var size in sizes)
            if (size < 1)
                throw OutOfRange(name, size, "1 or more each");
    }

    private static void CheckDefined<T>(T value, string name) where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
            throw OutOfRange(name, value, string.Join(", ", Enum.GetNames<T>()));
    }

    private static ArgumentException Invalid(string name, string what) => new($"{name}: {what}.", name);

    private static ArgumentOutOfRangeException OutOfRange(string name, object value, string allowed) =>
        new(name, value, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name} is {value}; allowed: {allowed}."));
}
