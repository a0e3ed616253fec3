using System.Globalization;
using System.Reflection;
using DistRnn.Protocol;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>The wire format only extends: bytes of today stay readable, and what is no message is refused without a fault.</summary>
public sealed class MessageCodecTests
{
    /// <summary>The environment variable that, set to 1, writes the bytes of today instead of comparing with them.</summary>
    private const string Variable = "DISTRNN_UPDATE_GOLDENS";

    private static readonly Dictionary<string, string> s_goldens = ReadGoldens();

    public static TheoryData<string> Manifests => [.. MessageCodec.Kinds.Select(kind => kind.Manifest)];

    [Fact]
    public void Samples_OfAllKinds_AreThere()
    {
        Assert.Equal(MessageCodec.Kinds.Select(kind => kind.Type.Name).Order(StringComparer.Ordinal), WireSamples.All.Select(message => message.GetType().Name).Order(StringComparer.Ordinal));
        var records = typeof(IMessage).Assembly.GetTypes().Where(type => type is { IsClass: true } && type.IsAssignableTo(typeof(IMessage)) && !type.IsAssignableTo(typeof(ITensorMessage)));
        Assert.Empty(records.Except(MessageCodec.Kinds.Select(kind => kind.Type)));
    }

    [Theory]
    [MemberData(nameof(Manifests))]
    public void Write_OfASample_GivesTheGoldenBytes(string manifest)
    {
        var message = Sample(manifest);
        var hex = Convert.ToHexStringLower(MessageCodec.Write(message).Span);
        Assert.True(s_goldens.TryGetValue(manifest, out var golden), $"Wire/messages.hex has no {manifest}; run this test with {Variable}=1 to add it.");
        Assert.Equal(golden, hex);
    }

    [Theory]
    [MemberData(nameof(Manifests))]
    public void TryRead_OfGoldenBytes_GivesTheSample(string manifest)
    {
        Assert.True(MessageCodec.TryRead(manifest, Convert.FromHexString(s_goldens[manifest]), out var message, out var refusal), refusal);
        Assert.Equal(Sample(manifest).GetType(), message.GetType());
        Assert.Equal(Shown(Sample(manifest)), Shown(message));
        Assert.Equal(s_goldens[manifest], Convert.ToHexStringLower(MessageCodec.Write(message).Span));
    }

    [Theory]
    [MemberData(nameof(Manifests))]
    public void TryRead_OfMutatedBytes_GivesAMessageOrASentence(string manifest)
    {
        var golden = Convert.FromHexString(s_goldens[manifest]);
        var seed = golden.Aggregate(17, (sum, value) => unchecked(sum * 31 + value));
        var random = new Random(seed);
        var refused = 0;
        for (var i = 0; i < 4000; i++)
        {
            var bytes = Mutate(golden, random);
            try
            {
                if (!MessageCodec.TryRead(manifest, bytes, out _, out var refusal))
                {
                    refused++;
                    Assert.EndsWith(".", refusal, StringComparison.Ordinal);
                }
            }
            catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"Seed {seed}, {Convert.ToHexStringLower(bytes)}: {exception}");
            }
        }
        Assert.True(refused > 0, $"Seed {seed}: nothing was refused.");
    }

    [Fact]
    public void TryRead_APartitionThatNamesATensorTwice_SaysWhich()
    {
        var wire = WireSpec.Of(WireSamples.Spec());
        wire.Tensors.Add(wire.Tensors[0]);
        var refusal = Assert.Throws<WireException>(() => WireSpec.SpecOf(wire));
        Assert.Equal($"The tensor '{wire.Tensors[0].Name}' is named twice.", refusal.Message);
    }

    [Fact]
    public void TryRead_UnknownManifest_IsRefused()
    {
        Assert.False(MessageCodec.TryRead("lease-2", Convert.FromHexString(s_goldens["lease-1"]), out _, out var refusal));
        Assert.Contains("lease-2", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void TryRead_UnknownFields_AreReadOver()
    {
        var bytes = Convert.FromHexString(s_goldens["run-over-1"] + "a2060474657374");
        Assert.True(MessageCodec.TryRead("run-over-1", bytes, out var message, out _));
        Assert.Equal("All steps are done.", Assert.IsType<RunOver>(message).Reason);
    }

    [Fact]
    public void PartitionSpec_OnTheWire_IsLaidOutAgain()
    {
        var spec = WireSamples.Spec();
        var copy = WireSpec.SpecOf(WireSpec.Of(spec));
        Assert.Equal(spec.Table.Tensors.Select(Shown), copy.Table.Tensors.Select(Shown));
        Assert.Equal((spec.Table.Count, spec.Rule, spec.Consistency, spec.Codec, spec.Shards), (copy.Table.Count, copy.Rule, copy.Consistency, copy.Codec, copy.Shards));
    }

    private static IMessage Sample(string manifest) => WireSamples.All.Single(message => MessageCodec.ManifestOf(message) == manifest);

    private static byte[] Mutate(byte[] golden, Random random)
    {
        var bytes = golden.ToArray();
        for (var flips = random.Next(1, 4); flips > 0; flips--)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return random.Next(3) switch
        {
            0 => bytes[..random.Next(bytes.Length)],
            1 => [.. bytes, .. golden[..random.Next(golden.Length)]],
            _ => bytes,
        };
    }

    /// <summary>All that is in a message, lists included, as text.</summary>
    private static string Shown(object? value) => value switch
    {
        null => "null",
        string text => text,
        ReadOnlyMemory<byte> bytes => Convert.ToHexString(bytes.Span),
        Numerics.ParameterTable table => Shown(table.Tensors),
        System.Collections.IEnumerable items => "[" + string.Join(", ", items.Cast<object?>().Select(Shown)) + "]",
        _ when value.GetType() is { IsPrimitive: true } or { IsEnum: true } || value is UInt128 => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        _ => value.GetType().Name + "(" + string.Join(", ", value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.GetIndexParameters().Length == 0).Select(property => property.Name + "=" + Shown(property.GetValue(value)))) + ")",
    };

    private static Dictionary<string, string> ReadGoldens()
    {
        var file = FileOf();
        if (Environment.GetEnvironmentVariable(Variable) == "1")
            File.WriteAllLines(file, MessageCodec.Kinds.Select(kind => $"{kind.Manifest} {Convert.ToHexStringLower(MessageCodec.Write(Sample(kind.Manifest)).Span)}"));
        return File.ReadLines(file).Select(line => line.Split(' ')).ToDictionary(parts => parts[0], parts => parts[1], StringComparer.Ordinal);
    }

    private static string FileOf([System.Runtime.CompilerServices.CallerFilePath] string source = "") => Path.Combine(Path.GetDirectoryName(source)!, "messages.hex");
}
