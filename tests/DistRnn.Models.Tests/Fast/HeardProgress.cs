using System.Runtime.InteropServices;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Models.Tests;

/// <summary>What a computer told while it computed a gradient, as it was when it was told.</summary>
internal sealed class HeardProgress
{
    private readonly List<(long First, ShardResult[] Results, int[] Bits)> _told = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private Gradient? _gradient;

    /// <summary>Where what was told began to be final, in the order in which it came.</summary>
    public IEnumerable<long> Firsts => _told.Select(told => told.First);

    public Gradient Listen(INetworkComputer computer, ParameterTable parameters, Action<Gradient> compute)
    {
        _gradient = new Gradient(parameters);
        computer.Progress = Hear;
        compute(_gradient);
        computer.Progress = null;
        return _gradient;
    }

    /// <summary>Nothing that was told to be final has changed since, and more was final each time.</summary>
    public void AssertFinal(ShardResult[] results)
    {
        foreach (var (first, told, bits) in _told)
        {
            Assert.Equal(results, told);
            Assert.Equal(bits, BitsFrom(first));
        }
        foreach (var (before, after) in _told.Zip(_told.Skip(1)))
            Assert.True(after.First < before.First, $"{after.First} follows {before.First}.");
    }

    private void Hear(long first, ReadOnlySpan<ShardResult> results)
    {
        Assert.Equal(_thread, Environment.CurrentManagedThreadId);
        _told.Add((first, results.ToArray(), BitsFrom(first)));
    }

    private int[] BitsFrom(long first) => MemoryMarshal.Cast<float, int>(_gradient!.Values.Slice(first, (int)(_gradient.Values.Count - first))).ToArray();
}
