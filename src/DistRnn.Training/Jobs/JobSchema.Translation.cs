using System.Collections.Immutable;
using DistRnn.Data;
using DistRnn.Models;

namespace DistRnn.Training;

internal static partial class JobSchema
{
    private static ImmutableArray<string> TokenKinds => ["word", "char", "byte"];

    private static ImmutableArray<TaskKind> TextTasks => [.. SymbolicTasks, TaskKind.Translation];

    private static bool HasAttention(JobOptions job) => job.Model.Attention != AttentionKind.None;

    private static JobKey OfTranslation(JobKey key) => key with { Tasks = [TaskKind.Translation] };

    private static IEnumerable<JobKey> TranslationDataKeys() =>
    [
        .. PairFiles("train", data => data.TrainFiles, (data, files) => data with { TrainFiles = files }),
        .. PairFiles("valid", data => data.ValidFiles, (data, files) => data with { ValidFiles = files }),
        .. PairFiles("test", data => data.TestFiles, (data, files) => data with { TestFiles = files }),
        OfTranslation(Data("separator", ValueKind.Text, "What stands between source and target in a line of pairs.", data => data.Separator, (data, value) => data with { Separator = (string)value! })),
        OfTranslation(Data("tokens", ValueKind.Choice, "How text becomes tokens, on both sides.", data => data.SourceTokens, (data, value) => data with { SourceTokens = (string)value!, TargetTokens = (string)value! })) with
        {
            Choices = TokenKinds, IsShorthand = true,
        },
        OfTranslation(Data("source-tokens", ValueKind.Choice, "How a source becomes tokens.", data => data.SourceTokens, (data, value) => data with { SourceTokens = (string)value! })) with { Choices = TokenKinds },
        OfTranslation(Data("target-tokens", ValueKind.Choice, "How a target becomes tokens.", data => data.TargetTokens, (data, value) => data with { TargetTokens = (string)value! })) with { Choices = TokenKinds },
        OfTranslation(Data("vocabulary", ValueKind.Integer, "The most tokens of either side.", data => (long?)data.SourceVocabulary, (data, value) => data with { SourceVocabulary = OptionalInt(value), TargetVocabulary = OptionalInt(value) })) with
        {
            Min = 6, Max = int.MaxValue, NoneWord = "none", IsShorthand = true,
        },
        OfTranslation(Data("source-vocabulary", ValueKind.Integer, "The most tokens of the source, the most frequent ones, specials included; the rest is <unk>.", data => (long?)data.SourceVocabulary, (data, value) => data with { SourceVocabulary = OptionalInt(value) })) with
        {
            Min = 6, Max = int.MaxValue, NoneWord = "none",
        },
        OfTranslation(Data("target-vocabulary", ValueKind.Integer, "The most tokens of the target, the most frequent ones, specials included; the rest is <unk>.", data => (long?)data.TargetVocabulary, (data, value) => data with { TargetVocabulary = OptionalInt(value) })) with
        {
            Min = 6, Max = int.MaxValue, NoneWord = "none",
        },
        OfTranslation(Data("reverse-source", ValueKind.Boolean, "Whether sources are read from their end.", data => data.ReverseSource, (data, value) => data with { ReverseSource = (bool)value! })),
        OfTranslation(Data("start-token", ValueKind.Text, "What the decoder reads at first.", data => data.StartToken, (data, value) => data with { StartToken = (string)value! })),
        OfTranslation(Data("end-token", ValueKind.Text, "What ends a target; with none, data.max-length ends it.", data => data.EndToken, (data, value) => data with { EndToken = (string?)value })) with { NoneWord = "none" },
        OfTranslation(Data("references", ValueKind.Choice, "grouped: targets of equal sources are alternatives.", data => data.References, (data, value) => data with { References = (string)value! })) with
        {
            Choices = [.. JobNames.All<ReferenceKind>()],
        },
    ];

    private static IEnumerable<JobKey> TranslationModelKeys() =>
    [
        OfTranslation(Model("attention", ValueKind.Choice, "How the decoder looks at the encoder's states.", model => JobNames.Of(model.Attention), (model, value) => model with { Attention = JobNames.Parse<AttentionKind>((string)value!) })) with
        {
            Choices = [.. JobNames.All<AttentionKind>()],
        },
        OfTranslation(Model("combine", ValueKind.Choice, "How state and context become what the output layer reads.", model => JobNames.Of(model.Combine), (model, value) => model with { Combine = JobNames.Parse<CombineKind>((string)value!) })) with
        {
            Choices = [.. JobNames.All<CombineKind>()], Applies = HasAttention, AppliesWhen = "with model.attention",
        },
        OfTranslation(Model("input-feeding", ValueKind.Boolean, "Whether the decoder reads what the output layer read before.", model => model.InputFeeding, (model, value) => model with { InputFeeding = (bool)value! })) with
        {
            Applies = HasAttention, AppliesWhen = "with model.attention",
        },
        OfTranslation(Model("bridge", ValueKind.Choice, "What the decoder begins with of an LSTM's state.", model => JobNames.Of(model.Bridge), (model, value) => model with { Bridge = JobNames.Parse<BridgeKind>((string)value!) })) with
        {
            Choices = [.. JobNames.All<BridgeKind>()],
        },
        OfTranslation(Model("peek", ValueKind.Boolean, "Whether the decoder reads the encoder's last state beside each token.", model => model.Peek, (model, value) => model with { Peek = (bool)value! })),
        OfTranslation(Model("decoder-hidden", ValueKind.IntegerList, "Units of the decoder's layers: the encoder's in all directions, or in one.", model => model.DecoderHidden.IsEmpty ? null : model.DecoderHidden, (model, value) => model with { DecoderHidden = value is ImmutableArray<int> units ? units : [] })) with
        {
            Min = 1, Max = MaxUnits, NoneWord = "default",
        },
        OfTranslation(Model("decode", ValueKind.Text, $"How targets are found: {DecodeSection.Allowed}.", model => model.Decode.ToString(), (model, value) => model with { Decode = DecodeSection.Parse((string)value!) })),
    ];

    /// <summary>Whether a part's files are named one by one, so that the part's own key is not written.</summary>
    /// <param name="path">The part's key.</param>
    /// <param name="job">The job.</param>
    public static bool IsPairOfFiles(string path, JobOptions job) => path switch
    {
        "data.train" => job.Data.TrainFiles.IsGiven,
        "data.valid" => job.Data.ValidFiles.IsGiven,
        "data.test" => job.Data.TestFiles.IsGiven,
        _ => false,
    };

    private static JobKey[] PairFiles(string part, Func<DataSection, PairFilesSection> get, Func<DataSection, PairFilesSection, DataSection> set) =>
    [
        OfTranslation(Data(part + ".source", ValueKind.Path, "Sources, a line each.", data => get(data).Source, (data, value) => set(data, get(data) with { Source = (string?)value }))),
        OfTranslation(Data(part + ".target", ValueKind.Path, "Their targets, line by line.", data => get(data).Target, (data, value) => set(data, get(data) with { Target = (string?)value }))),
    ];
}
