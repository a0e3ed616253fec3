namespace DistRnn.Data;

/// <summary>Plain text, read as one stream of tokens. With words, the end of every line is the token <c>&lt;eos&gt;</c>.</summary>
public sealed record LanguageModelDataOptions : TokenDataOptions;
