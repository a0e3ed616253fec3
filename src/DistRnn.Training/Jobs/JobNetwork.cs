using System.Collections.Immutable;
using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>A job's section <c>model</c>, and what its data is, as the options of the network.</summary>
public static class JobNetwork
{
    /// <summary>Lays out the job's network, whatever its kind.</summary>
    /// <param name="job">A checked job.</param>
    /// <param name="data">Its data: it says the sizes of vocabularies, values and outputs.</param>
    /// <exception cref="InvalidInputException">The model has settings that the data gives no meaning to.</exception>
    public static INetwork Create(JobOptions job, TaskData data)
    {
        ArgumentNullException.ThrowIfNull(job);
        return data switch
        {
            WordVectorData words => new WordVectorModel(OptionsOf(job.Model, words)),
            TranslationData pairs => CreateEncoderDecoder(job, pairs),
            _ => new Network(OptionsOf(job, data)),
        };
    }

    /// <summary>What the job's network is made of.</summary>
    /// <param name="job">A checked job.</param>
    /// <param name="data">Its data: it says the sizes of vocabularies, values and outputs.</param>
    /// <exception cref="InvalidInputException">The model has settings that the data gives no meaning to.</exception>
    public static NetworkOptions OptionsOf(JobOptions job, TaskData data)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(data);
        var model = job.Model;
        var tokenColumns = data.Vocabularies.Length;
        if (tokenColumns == 0 && model.Dropout.Words > 0)
            throw new InvalidInputException($"{job.Name}: 'model.dropout.words' is {JobValueText.Of(model.Dropout.Words)}, but the data has numbers and no tokens; allowed is 0.");
        if (tokenColumns == 0 && model.EmbeddingFrom is not null)
            throw new InvalidInputException($"{job.Name}: 'model.embedding-from' is given, but the data has numbers and no tokens; allowed is none.");
        if (tokenColumns == 0 && model.Characters is { } characters)
            throw new InvalidInputException($"{job.Name}: 'model.characters' is {characters}, but the data has numbers and no tokens; allowed is none.");
        if (model.TieWeights && model.Embedding != model.Hidden[^1])
            throw new InvalidInputException($"{job.Name}: 'model.tie-weights' is true, but 'model.embedding' is {model.Embedding} and the last layer has {model.Hidden[^1]} units; a shared weight needs equal numbers.");
        ImmutableArray<int> embeddings = [model.Embedding, .. model.FeatureEmbedding];
        return new NetworkOptions
        {
            Vocabularies = [.. data.Vocabularies.Select(vocabulary => vocabulary.Count)],
            Embeddings = tokenColumns == 0 ? [] : embeddings[..tokenColumns],
            CharacterVocabulary = data.Characters?.Count ?? 0,
            Characters = model.Characters ?? 0,
            ValueSize = data.ValueSize,
            ContextWindow = model.ContextWindow,
            Cell = model.Cell,
            Activation = model.Activation,
            Peepholes = model.Peepholes,
            ResetAfter = model.ResetAfter,
            ForgetBias = (float)model.ForgetBias,
            Hidden = model.Hidden,
            Bidirectional = model.Bidirectional,
            Pooling = model.Pooling,
            Head = job.Task switch
            {
                TaskKind.Classification => HeadKind.ClassPerSequence,
                TaskKind.Forecasting => HeadKind.ValuesPerSequence,
                TaskKind.Tagging when model.TagOutput == TagOutputKind.Crf => HeadKind.Crf,
                _ => HeadKind.ClassPerStep,
            },
            Outputs = data.Outputs,
            HeadName = job.Task == TaskKind.LanguageModel ? "decoder" : "output",
            TieWeights = model.TieWeights,
            Dropout = new DropoutOptions((float)model.Dropout.Embedding, (float)model.Dropout.Layers, (float)model.Dropout.Output, (float)model.Dropout.Words, (float)model.Dropout.Recurrent),
            UnknownToken = data.UnknownToken,
            ClassWeights = job.Training.BalancedClassWeights ? data.BalancedClassWeights() : [],
            Initializer = model.Initializer.Kind,
            InitializerScale = (float)model.Initializer.Scale,
        };
    }

    private static WordVectorOptions OptionsOf(ModelSection model, WordVectorData data) => new()
    {
        Counts = data.WordCounts,
        Dimensions = model.Dimensions,
        Algorithm = model.Algorithm,
        Output = model.WordOutput.Kind,
        Negatives = model.WordOutput.Negatives,
    };

    private static EncoderDecoder CreateEncoderDecoder(JobOptions job, TranslationData data)
    {
        var model = job.Model;
        try
        {
            return new EncoderDecoder(new EncoderDecoderOptions
            {
                SourceVocabulary = data.Vocabularies[0].Count,
                TargetVocabulary = data.Vocabularies[1].Count,
                Embedding = model.Embedding,
                Cell = model.Cell,
                Activation = model.Activation,
                Peepholes = model.Peepholes,
                ResetAfter = model.ResetAfter,
                ForgetBias = (float)model.ForgetBias,
                Hidden = model.Hidden,
                Bidirectional = model.Bidirectional,
                DecoderHidden = model.DecoderHidden,
                Attention = model.Attention,
                Combine = model.Combine,
                InputFeeding = model.InputFeeding,
                Bridge = model.Bridge,
                Peek = model.Peek,
                Dropout = new DropoutOptions((float)model.Dropout.Embedding, (float)model.Dropout.Layers, (float)model.Dropout.Output, (float)model.Dropout.Words),
                SourceUnknown = TranslationData.UnknownOfSides,
                TargetUnknown = TranslationData.UnknownOfSides,
                Beam = model.Decode.Beam,
                Initializer = model.Initializer.Kind,
                InitializerScale = (float)model.Initializer.Scale,
            });
        }
        catch (ArgumentException error)
        {
            throw new InvalidInputException($"{job.Name}: the section 'model' does not make an encoder-decoder. {error.Message}", error);
        }
    }
}
