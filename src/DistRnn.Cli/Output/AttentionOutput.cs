using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using DistRnn.Numerics;
using DistRnn.Training;

namespace DistRnn.Cli;

/// <summary>Writes attention's weights: a JSON object for each translation, or a picture of the first one that is not empty.</summary>
internal sealed class AttentionOutput : IDisposable
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string _path;
    private readonly StreamWriter? _lines;
    private bool _isDrawn;

    private AttentionOutput(string path, StreamWriter? lines) => (_path, _lines) = (path, lines);

    /// <summary>Whether there is no picture, since there was nothing to draw.</summary>
    internal bool IsMissing => _lines is null && !_isDrawn;

    /// <summary>Opens an output.</summary>
    /// <param name="path">A file; with the extension .png or .svg a picture, else JSON lines.</param>
    /// <exception cref="InvalidInputException">It cannot be written.</exception>
    internal static AttentionOutput Create(string path)
    {
        if (IsPicture(path))
            return new AttentionOutput(path, null);
        try
        {
            return new AttentionOutput(path, new StreamWriter(path, append: false, new UTF8Encoding(false)) { NewLine = "\n" });
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"--attention {path} cannot be written: {error.Message}", error);
        }
    }

    /// <summary>
    /// A translation as JSON: <c>{"text": "...", "source": [...], "target": [...], "score": -0.1, "weights": [[...], ...]}</c>, a row of weights for each token
    /// of the target.
    /// </summary>
    /// <param name="translation">The translation.</param>
    internal static string LineOf(Translation translation)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Options))
        {
            json.WriteStartObject();
            json.WriteString("text", translation.Text);
            Write(json, "source", translation.Source);
            Write(json, "target", translation.Target);
            json.WriteNumber("score", translation.Score);
            json.WriteStartArray("weights");
            foreach (var row in translation.Attention)
            {
                json.WriteStartArray();
                foreach (var weight in row)
                    json.WriteNumberValue(weight);
                json.WriteEndArray();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    /// <summary>Takes the next translation.</summary>
    /// <param name="translation">The translation.</param>
    internal void Add(Translation translation)
    {
        if (_lines is not null)
        {
            _lines.WriteLine(LineOf(translation));
        }
        else if (!_isDrawn && !translation.Attention.IsEmpty)
        {
            AttentionPicture.Save(translation, _path);
            _isDrawn = true;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lines?.Dispose();

    private static bool IsPicture(string path) => Path.GetExtension(path).ToLowerInvariant() is ".png" or ".svg";

    private static void Write(Utf8JsonWriter json, string name, IEnumerable<string> tokens)
    {
        json.WriteStartArray(name);
        foreach (var token in tokens)
            json.WriteStringValue(token);
        json.WriteEndArray();
    }
}
