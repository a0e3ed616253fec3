using System.Buffers;
using System.Text.Json;

namespace DistRnn.Training;

/// <summary>
/// <c>metrics.jsonl</c>: a row a step, as JSON lines. A row is written when its step is done and its evaluations are made; rows reach the disk with
/// <see cref="Flush"/> or when the buffer is full, so a crash loses the newest ones and nothing else.
/// </summary>
/// <remarks>Writing a row allocates nothing once the first has been written. Not thread-safe.</remarks>
internal sealed class MetricsLog : IDisposable
{
    private static readonly JsonEncodedText Step = JsonEncodedText.Encode("step");
    private static readonly JsonEncodedText Epoch = JsonEncodedText.Encode("epoch");
    private static readonly JsonEncodedText Loss = JsonEncodedText.Encode("loss");
    private static readonly JsonEncodedText LearningRate = JsonEncodedText.Encode("learning_rate");
    private static readonly JsonEncodedText GradientNorm = JsonEncodedText.Encode("grad_norm");
    private static readonly JsonEncodedText TokensPerSecond = JsonEncodedText.Encode("tokens_per_second");

    private readonly FileStream _file;
    private readonly ArrayBufferWriter<byte> _row = new(1024);
    private readonly Utf8JsonWriter _json;

    private MetricsLog(FileStream file, long lastStep)
    {
        (_file, LastStep) = (file, lastStep);
        _json = new Utf8JsonWriter(_row);
    }

    /// <summary>The step of the last row; -1 where there is none, or where rows are to be written again.</summary>
    public long LastStep { get; private set; }

    /// <summary>Opens the log and drops every row after a step: those are about to be computed again. Rows that were superseded before stay.</summary>
    /// <param name="path">The file; made where it does not exist.</param>
    /// <param name="lastStep">The last step whose row stays.</param>
    public static MetricsLog Open(string path, long lastStep)
    {
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite, 1 << 16);
        try
        {
            var (length, last) = LengthUpTo(file, lastStep);
            file.SetLength(length);
            file.Position = file.Length;
            return new MetricsLog(file, lastStep == long.MaxValue ? -1 : last);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens the log and marks every row after a step as superseded, as a rollback leaves them; new rows follow.</summary>
    /// <param name="path">The file.</param>
    /// <param name="lastStep">The last step whose row stands.</param>
    public static MetricsLog OpenSuperseding(string path, long lastStep)
    {
        var lines = File.Exists(path) ? File.ReadAllLines(path) : [];
        var marked = lines.Select(line => StepOf([.. System.Text.Encoding.UTF8.GetBytes(line)], out var isSuperseded) is { } step && step > lastStep && !isSuperseded
            ? line[..^1] + ",\"superseded\":true}"
            : line);
        Formats.AtomicFile.WriteText(path, string.Concat(marked.Select(line => line + "\n")));
        return Open(path, long.MaxValue);
    }

    /// <summary>Writes one row.</summary>
    /// <param name="report">The step.</param>
    /// <param name="valid">What the validation part said after it, or null where it was not asked.</param>
    public void Write(in StepReport report, MetricSet? valid)
    {
        _row.ResetWrittenCount();
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteNumber(Step, report.Step);
        _json.WriteNumber(Epoch, report.Epoch);
        WriteFigure(_json, Loss, report.Loss);
        WriteFigure(_json, LearningRate, report.LearningRate);
        WriteFigure(_json, GradientNorm, report.GradientNorm);
        WriteFigure(_json, TokensPerSecond, Math.Round(report.TokensPerSecond, 1));
        if (!report.Applied)
            _json.WriteBoolean("skipped", true);
        if (valid is not null)
            MetricsJson.Write(_json, "valid", valid);
        _json.WriteEndObject();
        _json.Flush();
        _row.GetSpan(1)[0] = (byte)'\n';
        _row.Advance(1);
        _file.Write(_row.WrittenSpan);
        LastStep = report.Step;
    }

    /// <summary>Hands all rows to the operating system.</summary>
    public void Flush() => _file.Flush();

    /// <inheritdoc/>
    public void Dispose()
    {
        _json.Dispose();
        try
        {
            _file.Dispose();
        }
        catch (IOException)
        {
            // The rows that a full disk refused were reported when they were written.
        }
    }

    private static void WriteFigure(Utf8JsonWriter json, JsonEncodedText name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
        else
            json.WriteNull(name);
    }

    private static (long Length, long LastStep) LengthUpTo(FileStream file, long lastStep)
    {
        using var reader = new BufferedStream(new KeepOpen(file), 1 << 16);
        var line = new List<byte>(256);
        long kept = 0, position = 0, last = -1;
        for (var value = reader.ReadByte(); value >= 0; value = reader.ReadByte())
        {
            position++;
            if (value != '\n')
            {
                line.Add((byte)value);
                continue;
            }
            // Superseded rows are of a life of the run that is over: they say nothing of where this one stands.
            if (StepOf(line, out var isSuperseded) is not { } step || step > lastStep && !isSuperseded)
                return (kept, last);
            (kept, last) = (position, isSuperseded ? last : step);
            line.Clear();
        }
        return (kept, last);
    }

    private static long? StepOf(List<byte> line, out bool isSuperseded)
    {
        isSuperseded = false;
        try
        {
            using var row = JsonDocument.Parse(line.ToArray());
            isSuperseded = row.RootElement.ValueKind == JsonValueKind.Object && row.RootElement.TryGetProperty("superseded", out var mark) && mark.ValueKind == JsonValueKind.True;
            return row.RootElement.ValueKind == JsonValueKind.Object && row.RootElement.TryGetProperty("step", out var step) && step.TryGetInt64(out var number) ? number : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Lets a buffered reader end without closing the file.</summary>
    private sealed class KeepOpen(FileStream file) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => file.Length;

        public override long Position
        {
            get => file.Position;
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => file.Read(buffer, offset, count);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
