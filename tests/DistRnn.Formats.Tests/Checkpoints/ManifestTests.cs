using System.Text;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Formats.Tests;

public sealed class ManifestTests
{
    private static readonly Manifest s_manifest = new()
    {
        Step = 1234567890123,
        Epoch = 7,
        JobSha256 = new string('1', 64),
        DataDigest = new string('2', 64),
        Fingerprint = new string('3', 64),
        Parts = [new ManifestPart("parameters.safetensors", 5_000_000_000, new string('4', 64)), new ManifestPart("position.json", 0, new string('5', 64))],
    };

    [Fact]
    public void FromJson_WhatWasWritten_IsTheSame()
    {
        var back = Manifest.FromJson(s_manifest.ToJson(), "m");
        Assert.Equal(s_manifest with { Parts = back.Parts }, back);
        Assert.Equal(s_manifest.Parts, back.Parts.AsEnumerable());
    }

    [Theory]
    [InlineData("", "is no manifest")]
    [InlineData("[]", "is no manifest")]
    [InlineData("{}", "is no manifest")]
    [InlineData("{\"format\":\"other\",\"version\":1}", "is not the manifest of a checkpoint")]
    [InlineData("{\"format\":\"distrnn-checkpoint\",\"version\":2}", "has the version 2; this program reads 1")]
    [InlineData("{\"format\":\"distrnn-checkpoint\",\"version\":1,\"content\":{},\"sha256\":\"00\"}", "is not as it was written")]
    [InlineData("{\"format\":\"distrnn-checkpoint\",\"format\":\"distrnn-checkpoint\"}", "is no manifest")]
    [InlineData("{\"format\":[[[[[[[[[[[[]]]]]]]]]]]]}", "is no manifest")]
    public void FromJson_AnythingElse_SaysWhy(string json, string reason) =>
        Assert.Contains(reason, Assert.Throws<InvalidInputException>(() => Manifest.FromJson(Encoding.UTF8.GetBytes(json), "m")).Message, StringComparison.Ordinal);
}
