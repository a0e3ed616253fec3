using System.Globalization;
using DistRnn.Protocol;
using Google.Protobuf;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>Messages about copies on the wire: bytes of today stay readable, and what is no message is refused.</summary>
public sealed class CopyWireTests
{
    private const string Variable = "DISTRNN_UPDATE_GOLDENS";

    private static readonly string s_blob = string.Concat(Enumerable.Range(0, 32).Select(i => i.ToString("x2", CultureInfo.InvariantCulture)));

    private static readonly object[] s_samples =
    [
        new CopyOrder("run-1", s_blob, "plane@127.0.0.2:4054", new string('f', 64)),
        new CopyState("run-1", s_blob, 3, 17, "The disk is full."),
        new LedgerTail("run-1", 3, 15, [new TermBegan("c") { At = new LedgerPlace(3, 16, 1, 9) }, new ShardEntered(0, 2, 5, "w", 1, "0f") { At = new LedgerPlace(3, 17, 1, 9) }]),
        new CopiesQuery("run-1"),
        new CopiesHeld("run-1", s_blob, 3, 14, "", 3, 17),
    ];

    private static readonly Dictionary<string, string> s_goldens = ReadGoldens();

    public static TheoryData<string> Manifests => [.. s_samples.Select(sample => CopyWire.ManifestOf(sample)!)];

    [Theory]
    [MemberData(nameof(Manifests))]
    public void Write_OfASample_GivesTheGoldenBytes(string manifest)
    {
        Assert.True(s_goldens.TryGetValue(manifest, out var golden), $"Copies/messages.hex has no {manifest}; run this test with {Variable}=1 to add it.");
        Assert.Equal(golden, Convert.ToHexStringLower(CopyWire.Write(Sample(manifest))));
    }

    [Theory]
    [MemberData(nameof(Manifests))]
    public void TryRead_OfGoldenBytes_GivesTheSample(string manifest)
    {
        Assert.True(CopyWire.TryRead(manifest, Convert.FromHexString(s_goldens[manifest]), out var message));
        if (Sample(manifest) is LedgerTail tail)
            Assert.Equal(tail.Events, Assert.IsType<LedgerTail>(message).Events);
        else
            Assert.Equal(Sample(manifest), message);
        Assert.Equal(s_goldens[manifest], Convert.ToHexStringLower(CopyWire.Write(message)));
    }

    [Theory]
    [MemberData(nameof(Manifests))]
    public void TryRead_OfMutatedBytes_GivesAMessageOrASentence(string manifest)
    {
        var (golden, seed, refused) = (Convert.FromHexString(s_goldens[manifest]), Environment.TickCount, 0);
        var random = new Random(seed);
        for (var i = 0; i < 400; i++)
        {
            var bytes = golden.ToArray();
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (random.Next(3) == 0)
                bytes = bytes[..random.Next(bytes.Length)];
            try
            {
                CopyWire.TryRead(manifest, bytes, out _);
            }
            catch (Exception exception) when (exception is WireException or InvalidProtocolBufferException)
            {
                refused++;
            }
            catch (Exception exception)
            {
                Assert.Fail($"Seed {seed}, {Convert.ToHexStringLower(bytes)}: {exception}");
            }
        }
        Assert.True(refused > 0, $"Seed {seed}: nothing was refused.");
    }

    [Fact]
    public void TryRead_OfAnotherManifest_IsNoMessageAboutCopies() => Assert.False(CopyWire.TryRead("copy-order-2", [], out _));

    private static object Sample(string manifest) => s_samples.Single(sample => CopyWire.ManifestOf(sample) == manifest);

    private static Dictionary<string, string> ReadGoldens()
    {
        var file = FileOf();
        if (Environment.GetEnvironmentVariable(Variable) == "1")
            File.WriteAllLines(file, s_samples.Select(sample => $"{CopyWire.ManifestOf(sample)} {Convert.ToHexStringLower(CopyWire.Write(sample))}"));
        return File.ReadLines(file).Select(line => line.Split(' ')).ToDictionary(parts => parts[0], parts => parts[1], StringComparer.Ordinal);
    }

    private static string FileOf([System.Runtime.CompilerServices.CallerFilePath] string source = "") => Path.Combine(Path.GetDirectoryName(source)!, "messages.hex");
}
