using System.Globalization;
using DistRnn.Formats;
using DistRnn.Models;
using DistRnn.Numerics;
using DistRnn.Optimizers;

namespace DistRnn.Training;

/// <summary>What a run keeps as safetensors: parameters, the optimiser's vectors and lane states, with PyTorch's names and layouts.</summary>
internal static class TensorFiles
{
    private const string StepKey = "step";
    private const string FingerprintKey = "fingerprint";

    public static void WriteParameters(Stream stream, ParameterTable table, FloatBuffer parameters, long step) => SafetensorsWriter.Write(
        stream,
        [.. table.Tensors.Select(tensor => SafetensorsTensor.FromParameters(tensor, parameters))],
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [FingerprintKey] = Fingerprint.Of(table, parameters),
            ["format"] = "pt",
            [StepKey] = step.ToString(CultureInfo.InvariantCulture),
        });

    /// <summary>Reads parameters, refusing tensors that are missing, superfluous, of another shape, or not as they were written.</summary>
    /// <returns>The step that the file says, 0 where it says none.</returns>
    /// <exception cref="InvalidInputException">The file is not usable; the message names it and the tensor.</exception>
    public static long ReadParameters(string path, ParameterTable table, FloatBuffer parameters)
    {
        using var reader = SafetensorsReader.Open(path);
        foreach (var tensor in table.Tensors)
            reader.ReadParameters(tensor, parameters);
        foreach (var entry in reader.Entries)
            if (!table.TryGet(entry.Name, out _))
                throw new InvalidInputException($"{path} has the tensor '{entry.Name}' of shape {entry.ShapeText}, which the job's network does not have; it has {string.Join(", ", table.Tensors.Select(tensor => tensor.Name))}.");
        if (reader.Metadata.TryGetValue(FingerprintKey, out var written) && written != Fingerprint.Of(table, parameters))
            throw new InvalidInputException($"{path} is damaged: its tensors have the fingerprint {Fingerprint.Of(table, parameters)}, but it was written with {written}.");
        return reader.Metadata.TryGetValue(StepKey, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : 0;
    }

    public static void WriteOptimizer(Stream stream, ParameterTable table, OptimizerState state) => SafetensorsWriter.Write(
        stream,
        [.. state.Vectors.SelectMany((vector, index) => table.Tensors.Select(tensor => SafetensorsTensor.FromParameters(tensor, vector, NameOf(state, index, tensor))))]);

    public static void ReadOptimizer(string path, ParameterTable table, OptimizerState state)
    {
        using var reader = SafetensorsReader.Open(path);
        for (var index = 0; index < state.Vectors.Length; index++)
            foreach (var tensor in table.Tensors)
                reader.ReadParameters(tensor, state.Vectors[index], NameOf(state, index, tensor));
    }

    public static void WriteLanes(Stream stream, LaneState lanes) => SafetensorsWriter.Write(
        stream, [.. lanes.Parts.Select(part => SafetensorsTensor.FromBuffer(part.Name, [part.Rows, part.Columns], lanes.Values, part.Offset))]);

    public static void ReadLanes(string path, LaneState lanes)
    {
        using var reader = SafetensorsReader.Open(path);
        foreach (var (name, rows, columns, offset) in lanes.Parts)
        {
            var entry = reader[name];
            if (!entry.Shape.SequenceEqual([rows, columns]))
                throw new InvalidInputException($"{path} has the lane state '{name}' with the shape {entry.ShapeText}; the job needs [{rows}, {columns}].");
            reader.Read(entry, 0, lanes.Values.Slice(offset, checked(rows * columns)));
        }
    }

    private static string NameOf(OptimizerState state, int index, TensorInfo tensor) => $"{state.Rule.StateNames[index]}.{tensor.Name}";
}
