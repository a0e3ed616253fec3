using System.Collections.Immutable;

namespace DistRnn.Training;

/// <summary>What a run came to: the content of <c>summary.json</c>.</summary>
public sealed record RunSummary
{
    /// <summary>How it ended.</summary>
    public required RunStatus Status { get; init; }

    /// <summary>Why it ended before all its steps were done, in a sentence; null where it did them all.</summary>
    public string? Reason { get; init; }

    /// <summary>The task's name, such as <c>language-model</c>.</summary>
    public required string Task { get; init; }

    /// <summary>The run directory, absolute.</summary>
    public required string Directory { get; init; }

    /// <summary>Optimiser steps done, resumed ones included.</summary>
    public required long Steps { get; init; }

    /// <summary>Whole epochs done.</summary>
    public required int Epochs { get; init; }

    /// <summary>Parameters that are trained.</summary>
    public required long Parameters { get; init; }

    /// <summary>Means over the last epoch's steps while they were trained (dropout on, parameters changing).</summary>
    public MetricSet Train { get; init; } = MetricSet.Empty;

    /// <summary>The kept model on the validation part; empty without one.</summary>
    public MetricSet Valid { get; init; } = MetricSet.Empty;

    /// <summary>The kept model on the test part; empty without one.</summary>
    public MetricSet Test { get; init; } = MetricSet.Empty;

    /// <summary>Fingerprint of the last step's parameters, 64 hex digits.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Fingerprint of the kept model's parameters, 64 hex digits.</summary>
    public required string ModelFingerprint { get; init; }

    /// <summary>The step whose parameters are the kept model's.</summary>
    public required long ModelStep { get; init; }

    /// <summary>Seconds from the start, loading and evaluation included; of this execution alone where the run was resumed.</summary>
    public required double Seconds { get; init; }

    /// <summary>Time steps of sequences trained on a second, evaluation and checkpoints left out.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>The most memory the process has had resident, in bytes; 0 where the system does not tell.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>Workers that computed.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Parameter servers that took part.</summary>
    public int ParameterServers { get; init; } = 1;

    /// <summary>How often each kind of fault happened.</summary>
    public ImmutableSortedDictionary<string, int> Faults { get; init; } = ImmutableSortedDictionary<string, int>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>What went wrong and was put right, with the seconds from when it was noticed until training went on.</summary>
    public ImmutableArray<(string What, double Seconds)> Recoveries { get; init; } = [];

    /// <summary>The step this execution went on from; 0 where it began afresh.</summary>
    public long ResumedFrom { get; init; }

    /// <summary>How often the run was rolled back.</summary>
    public int Incarnation { get; init; }

    /// <summary>Whether a run of the same job gives the same bits.</summary>
    public bool Reproducible { get; init; } = true;

    /// <summary>Bytes that crossed between processes a step: 0 where one process computes everything.</summary>
    public long BytesPerStep { get; init; }

    /// <summary>The program and the runtime, with their versions.</summary>
    public required string Software { get; init; }

    /// <summary>The processor and the vector width used.</summary>
    public required string Processor { get; init; }
}
