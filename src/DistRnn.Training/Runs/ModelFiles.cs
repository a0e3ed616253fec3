using DistRnn.Data;
using DistRnn.Formats;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>
/// The directory <c>model</c> of a run, which is all that using a model takes: <c>model.yaml</c> (the job that made it), <c>model.safetensors</c>, and
/// the vocabularies, labels and scales.
/// </summary>
internal static class ModelFiles
{
    private const string ParametersName = "model.safetensors";
    private const string DescriptionName = "model.yaml";

    /// <summary>Writes all but the parameters.</summary>
    /// <param name="directory">The model's directory.</param>
    /// <param name="job">The job, with its data's digests.</param>
    /// <param name="data">Its data.</param>
    /// <param name="network">Its network.</param>
    public static void WriteDescription(string directory, JobOptions job, TaskData data, INetwork network)
    {
        data.SaveState(directory);
        var tensors = network.Parameters.Tensors.Select(tensor => $"#   {tensor.Name} [{string.Join(", ", tensor.Shape)}]\n");
        AtomicFile.WriteText(
            Path.Combine(directory, DescriptionName),
            $"# The job that made this model. Its parameters, in {ParametersName}:\n{string.Concat(tensors)}{JobFile.Write(job)}");
    }

    /// <summary>Writes the parameters.</summary>
    /// <param name="directory">The model's directory.</param>
    /// <param name="table">The tensors.</param>
    /// <param name="parameters">Their values.</param>
    /// <param name="step">The step that they are of.</param>
    public static void WriteParameters(string directory, ParameterTable table, FloatBuffer parameters, long step) =>
        WriteSafetensors(Path.Combine(directory, ParametersName), table, parameters, step);

    /// <summary>Writes a safetensors file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="table">The tensors.</param>
    /// <param name="parameters">Their values.</param>
    /// <param name="step">The step that they are of.</param>
    public static void WriteSafetensors(string path, ParameterTable table, FloatBuffer parameters, long step) =>
        AtomicFile.Write(path, stream => TensorFiles.WriteParameters(stream, table, parameters, step));

    /// <summary>Reads the job that made a model.</summary>
    /// <param name="run">The run directory.</param>
    /// <exception cref="InvalidInputException">It is not a run directory.</exception>
    public static JobOptions ReadJob(RunDirectory run)
    {
        var path = Path.Combine(run.Model, DescriptionName);
        if (!File.Exists(path))
            throw new InvalidInputException($"{run.Path} is not a run directory: there is no {path}.");
        return JobFile.Read(path, JobOverrides.None);
    }

    /// <summary>Reads the kept parameters.</summary>
    /// <param name="run">The run directory.</param>
    /// <param name="table">The tensors.</param>
    /// <param name="parameters">Where to.</param>
    /// <returns>The step that they are of.</returns>
    /// <exception cref="InvalidInputException">They are not there yet, or damaged.</exception>
    public static long ReadParameters(RunDirectory run, ParameterTable table, FloatBuffer parameters)
    {
        var path = Path.Combine(run.Model, ParametersName);
        if (!File.Exists(path))
            throw new InvalidInputException($"{run.Path} has no kept model yet: there is no {path}. It has {CheckpointKeeper.StepsInWords(run)}; name one with --checkpoint.");
        return TensorFiles.ReadParameters(path, table, parameters);
    }

    /// <summary>The network of a saved model. Class weights, which only count in training's loss, are left out where the saved state does not have the counts.</summary>
    /// <param name="job">The job.</param>
    /// <param name="state">The saved vocabularies and labels.</param>
    public static INetwork NetworkOf(JobOptions job, TaskData state) => JobNetwork.Create(
        job.Training.BalancedClassWeights && state.LabelCounts.IsEmpty ? job with { Training = job.Training with { BalancedClassWeights = false } } : job, state);
}
