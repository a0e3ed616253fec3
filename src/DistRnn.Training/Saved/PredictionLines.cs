using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using DistRnn.Data;
using DistRnn.Models;
using DistRnn.Numerics;

namespace DistRnn.Training;

/// <summary>What <c>predict</c> prints of a sequence: one JSON object.</summary>
internal abstract class PredictionLines
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>The lines of a task.</summary>
    /// <param name="data">The data that is predicted, as the part <see cref="PartKind.Test"/>.</param>
    public static PredictionLines Of(TaskData data) => data switch
    {
        ForecastingData forecasting => new ForecastLines(forecasting),
        TaggingData tagging => new TagLines(tagging),
        _ => new ClassLines(data),
    };

    /// <summary>Sequences of which a line says something, at least 1: those of one line stand one behind the other, in an evaluation's shards too.</summary>
    public virtual int SequencesPerLine => 1;

    /// <summary>The line that ends with a sequence; null where more sequences belong to its line.</summary>
    /// <param name="batch">Its shard.</param>
    /// <param name="row">Its row there.</param>
    /// <param name="predictions">What the network says of the shard.</param>
    public string? LineOf(SequenceBatch batch, int row, Predictions predictions)
    {
        if (!EndsLine(batch, row, predictions))
            return null;
        _buffer.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_buffer, Options))
        {
            json.WriteStartObject();
            Write(json, batch, row, predictions);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(_buffer.WrittenSpan);
    }

    /// <summary>Takes a sequence, and says whether it is the last of its line.</summary>
    protected virtual bool EndsLine(SequenceBatch batch, int row, Predictions predictions) => true;

    protected abstract void Write(Utf8JsonWriter json, SequenceBatch batch, int row, Predictions predictions);

    /// <summary><c>{"class": "b", "probabilities": {"a": 0.1, "b": 0.9}}</c>, classes in the order of the labels.</summary>
    private sealed class ClassLines(TaskData data) : PredictionLines
    {
        protected override void Write(Utf8JsonWriter json, SequenceBatch batch, int row, Predictions predictions)
        {
            json.WriteString("class", data.ClassNames[predictions.Classes[row]]);
            json.WriteStartObject("probabilities");
            for (var label = 0; label < predictions.Size; label++)
                json.WriteNumber(data.ClassNames[label], predictions.Values[row * predictions.Size + label]);
            json.WriteEndObject();
        }
    }

    /// <summary><c>{"tags": ["O", "B-x"], "probabilities": [0.9, 0.8]}</c>: a tag a step, and how probable it is.</summary>
    private sealed class TagLines(TaggingData data) : PredictionLines
    {
        protected override void Write(Utf8JsonWriter json, SequenceBatch batch, int row, Predictions predictions)
        {
            var (first, length) = (batch.Offsets[row], batch.LengthOf(row));
            json.WriteStartArray("tags");
            for (var step = first; step < first + length; step++)
                json.WriteStringValue(data.ClassNames[predictions.Classes[step]]);
            json.WriteEndArray();
            json.WriteStartArray("probabilities");
            for (var step = first; step < first + length; step++)
                json.WriteNumberValue(predictions.Values[step * predictions.Size + predictions.Classes[step]]);
            json.WriteEndArray();
        }
    }

    /// <summary><c>{"series": "all", "row": 120, "forecast": {"OT": [1.5, 1.7]}}</c>, in original units; row is the first forecast row's place in its series.</summary>
    private sealed class ForecastLines(ForecastingData data) : PredictionLines
    {
        // What the sequences of a window forecast, one behind the other.
        private readonly float[] _values = new float[data.SequencesPerWindow * data.Outputs];

        public override int SequencesPerLine => data.SequencesPerWindow;

        protected override bool EndsLine(SequenceBatch batch, int row, Predictions predictions)
        {
            var sequence = batch.RowIds[row];
            var place = (int)(sequence % data.SequencesPerWindow);
            var values = _values.AsSpan(place * data.Outputs, data.Outputs);
            predictions.Values.Slice(row * values.Length, values.Length).CopyTo(values);
            data.ToOriginal(PartKind.Test, sequence, values);
            return place == data.SequencesPerWindow - 1;
        }

        protected override void Write(Utf8JsonWriter json, SequenceBatch batch, int row, Predictions predictions)
        {
            var window = batch.RowIds[row];
            json.WriteString("series", data.SeriesOf(PartKind.Test, window));
            json.WriteNumber("row", data.RowOf(PartKind.Test, window));
            json.WriteStartObject("forecast");
            for (var target = 0; target < data.TargetNames.Length; target++)
            {
                var (place, column) = Math.DivRem(target, data.TargetsPerSequence);
                json.WriteStartArray(data.TargetNames[target]);
                for (var step = 0; step < data.Horizon; step++)
                    json.WriteNumberValue(_values[place * data.Outputs + step * data.TargetsPerSequence + column]);
                json.WriteEndArray();
            }
            json.WriteEndObject();
        }
    }
}
