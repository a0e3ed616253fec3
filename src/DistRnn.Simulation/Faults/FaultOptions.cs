using System.Text.Json;
using DistRnn.Numerics;

namespace DistRnn.Simulation;

/// <summary>From what a seed's faults are drawn. A file of these, as <c>--faults</c> takes it, is a JSON object of the names below in snake_case; what it leaves out is as here.</summary>
public sealed record FaultOptions
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
    };

    /// <summary>No faults.</summary>
    public static FaultOptions None { get; } = new()
    {
        LossMax = 0,
        DoublingMax = 0,
        LatenessMax = 0,
        SplitsMax = 0,
        CrashesMax = 0,
        MassCrashesMax = 0,
        StallsMax = 0,
        LeavesMax = 0,
        JoinsMax = 0,
        SlowNodesMax = 0,
        DiskLossesMax = 0,
    };

    /// <summary>The highest share of messages that are lost, 0 to 0.5; a seed's own is between 0 and this.</summary>
    public double LossMax { get; init; } = 0.15;

    /// <summary>The highest share of messages that come twice, 0 to 0.5.</summary>
    public double DoublingMax { get; init; } = 0.1;

    /// <summary>The highest share of messages that are late by up to three seconds, 0 to 0.5.</summary>
    public double LatenessMax { get; init; } = 0.1;

    /// <summary>The most splits, both ways and one way.</summary>
    public int SplitsMax { get; init; } = 3;

    /// <summary>The most crashes.</summary>
    public int CrashesMax { get; init; } = 4;

    /// <summary>The most crashes of several processes at once.</summary>
    public int MassCrashesMax { get; init; } = 1;

    /// <summary>The most stalls.</summary>
    public int StallsMax { get; init; } = 3;

    /// <summary>The most nodes that leave.</summary>
    public int LeavesMax { get; init; } = 2;

    /// <summary>The most nodes that join.</summary>
    public int JoinsMax { get; init; } = 2;

    /// <summary>The most nodes that become slow.</summary>
    public int SlowNodesMax { get; init; } = 1;

    /// <summary>The most disks that are lost.</summary>
    public int DiskLossesMax { get; init; } = 1;

    /// <summary>Reads a file of options.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidInputException">It cannot be read, or is no such object, or a number is out of its range.</exception>
    public static FaultOptions Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            var options = JsonSerializer.Deserialize<FaultOptions>(File.ReadAllBytes(path), s_json) ?? throw new InvalidInputException($"{path} holds null, where a JSON object of faults is needed.");
            options.Check(path);
            return options;
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"{path} is no JSON object of faults: {error.Message} Allowed are {Allowed()}.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be read: {error.Message}", error);
        }
    }

    private static string Allowed() =>
        string.Join(", ", typeof(FaultOptions).GetProperties().Where(property => property.CanWrite).Select(property => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name)));

    private void Check(string path)
    {
        foreach (var property in typeof(FaultOptions).GetProperties().Where(property => property.CanWrite))
        {
            var most = property.PropertyType == typeof(double) ? 0.5 : 100;
            if (Convert.ToDouble(property.GetValue(this), System.Globalization.CultureInfo.InvariantCulture) is not (>= 0 and var value) || value > most)
                throw new InvalidInputException(FormattableString.Invariant($"{path}: {JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name)} is out of its range; allowed is 0 to {most}."));
        }
    }
}
