using DistRnn.Formats;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>Lets a run start from what another one learned: all parameters (<c>model.from</c>), or the embedding alone (<c>model.embedding-from</c>).</summary>
internal static class StartingModel
{
    /// <summary>Overwrites initial parameters where the job says so.</summary>
    /// <param name="setup">The job.</param>
    /// <param name="parameters">The initial parameters.</param>
    /// <param name="progress">Who watches.</param>
    /// <exception cref="InvalidInputException">The other run does not fit; the message names the tensor or the vocabulary.</exception>
    public static void Apply(TrainingSetup setup, FloatBuffer parameters, ITrainingProgress progress)
    {
        if (setup.Job.Model.From is { } from)
            TakeAll(setup, from, parameters);
        if (setup.Job.Model.EmbeddingFrom is { } embedding)
            TakeEmbedding(setup, embedding, parameters, progress);
    }

    private static void TakeAll(TrainingSetup setup, string run, FloatBuffer parameters)
    {
        using var other = SavedModel.Open(run, threads: 1);
        var (mine, theirs) = (setup.Network.Parameters, other.Network.Parameters);
        foreach (var tensor in mine.Tensors)
        {
            if (!theirs.TryGet(tensor.Name, out var there))
                throw new InvalidInputException($"model.from: {run} has no tensor '{tensor.Name}'; it has {string.Join(", ", theirs.Tensors.Select(info => info.Name))}.");
            if (!there.Shape.SequenceEqual(tensor.Shape))
                throw new InvalidInputException($"model.from: {run} has the tensor '{tensor.Name}' with the shape [{string.Join(", ", there.Shape)}]; the job's network needs [{string.Join(", ", tensor.Shape)}].");
        }
        if (theirs.Tensors.Length != mine.Tensors.Length)
            throw new InvalidInputException($"model.from: {run} has the tensor '{theirs.Tensors.First(info => !mine.TryGet(info.Name, out _)).Name}', which the job's network does not have.");
        for (var column = 0; column < setup.Data.Vocabularies.Length; column++)
            if (!setup.Data.Vocabularies[column].Tokens.SequenceEqual(other.Vocabularies[column].Tokens))
                throw new InvalidInputException($"model.from: {run} has the same number of tokens as the job's data, but other ones, so its embedding would be read for the wrong tokens.");
        if (setup.Data.Characters is { } characters && !characters.Tokens.SequenceEqual(other.State.Characters!.Tokens))
            throw new InvalidInputException($"model.from: {run} has the same number of characters as the job's data, but other ones, so their embedding would be read for the wrong characters.");
        parameters.CopyFrom(other.Parameters);
    }

    private static void TakeEmbedding(TrainingSetup setup, string source, FloatBuffer parameters, ITrainingProgress progress)
    {
        const string Name = "embedding.weight";
        if (!setup.Network.Parameters.TryGet(Name, out var mine))
            throw new InvalidInputException($"model.embedding-from: the job's network has no tensor '{Name}'; it has {string.Join(", ", setup.Network.Parameters.Tensors.Select(info => info.Name))}.");
        var vectors = File.Exists(source) ? Word2VecReader.Read(source) : VectorsOf(source);
        if (vectors.Dimensions != mine.RowSize)
            throw new InvalidInputException($"model.embedding-from: {source} has vectors of {vectors.Dimensions} values; model.embedding is {mine.RowSize}.");
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < vectors.Words.Length; i++)
            places.TryAdd(vectors.Words[i], i);
        var (tokens, known) = (setup.Data.Vocabularies[0].Tokens, 0);
        var values = new float[mine.Count];
        ParameterTable.Export(mine, parameters, values);
        for (var token = 0; token < tokens.Length; token++)
        {
            if (!places.TryGetValue(tokens[token], out var place))
                continue;
            vectors.VectorOf(place).CopyTo(values.AsSpan(token * mine.RowSize, mine.RowSize));
            known++;
        }
        ParameterTable.Import(mine, values, parameters);
        progress.Note(FormattableString.Invariant($"{known} of {tokens.Length} tokens start with the vectors of {source}."));
    }

    private static Word2VecVectors VectorsOf(string run)
    {
        using var other = SavedModel.Open(run, threads: 1);
        return other.Vectors();
    }
}
