using System.Buffers.Binary;
using System.Text;
using CsCheck;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Formats.Tests;

public sealed class SafetensorsRoundTripTests
{
    [Fact]
    public void Write_TwoTensors_GivesTheBytesOfTheFormat()
    {
        var bytes = SafetensorsBytes.Of([SafetensorsTensor.FromArray("b", [2, 1], new float[] { 1, -2 }), SafetensorsTensor.FromArray("a", [], new float[] { 0.5f })], new Dictionary<string, string> { ["format"] = "pt" });
        const string Header = """{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}""";
        var padded = Header.PadRight((Header.Length + 7) / 8 * 8);
        Assert.Equal((ulong)padded.Length, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        Assert.Equal(padded, Encoding.UTF8.GetString(bytes, 8, padded.Length));
        Assert.Equal([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f], bytes[(8 + padded.Length)..]);
    }

    [Fact]
    public void SizeOf_AnyTensors_IsWhatIsWritten()
    {
        SafetensorsTensor[] tensors = [SafetensorsTensor.FromArray("x", [3], new float[3]), SafetensorsTensor.FromArray("empty", [0, 5], Array.Empty<float>())];
        Assert.Equal(SafetensorsBytes.Of(tensors).Length, SafetensorsWriter.SizeOf(tensors));
    }

    [Fact]
    public void Read_WhatWasWritten_IsTheSameBits() =>
        Gen.Select(Gen.String[1, 20], Gen.Int.Select(BitConverter.Int32BitsToSingle).Array[0, 50]).List[0, 5].Sample(tensors =>
        {
            var distinct = tensors.DistinctBy(tensor => tensor.Item1, StringComparer.Ordinal).Where(tensor => tensor.Item1 != SafetensorsWriter.MetadataName && !tensor.Item1.Any(char.IsSurrogate)).ToArray();
            using var reader = SafetensorsReader.Open(new MemoryStream(SafetensorsBytes.Of([.. distinct.Select(tensor => SafetensorsTensor.FromArray(tensor.Item1, [tensor.Item2.Length], tensor.Item2))])), "memory");
            return reader.Entries.Length == distinct.Length
                && distinct.All(tensor => reader.ReadArray(tensor.Item1).Select(BitConverter.SingleToInt32Bits).SequenceEqual(tensor.Item2.Select(BitConverter.SingleToInt32Bits)));
        });

    [Fact]
    public void Write_ParametersInPanels_ComeOutInPyTorchsLayoutAndGoBack()
    {
        var builder = new ParameterTable.Builder();
        var weight = builder.AddWeight("rnn.weight_ih_l0", new PanelShape(4, 19), 3);
        var bias = builder.AddBias("rnn.bias_ih_l0", new PanelShape(4, 19));
        var embedding = builder.AddRowMajor("embedding.weight", [5, 3], sparseRows: true);
        var table = builder.Build();
        using var flat = new FloatBuffer(table.Count);
        foreach (var tensor in table.Tensors)
            ParameterTable.Import(tensor, [.. Enumerable.Range(0, (int)tensor.Count).Select(i => i + tensor.Offset * 1000f)], flat);
        var bytes = SafetensorsBytes.Of([.. table.Tensors.Select(tensor => SafetensorsTensor.FromParameters(tensor, flat))]);
        using var reader = SafetensorsReader.Open(new MemoryStream(bytes), "memory");
        Assert.Equal([76, 3], reader["rnn.weight_ih_l0"].Shape);
        foreach (var tensor in new[] { weight, bias, embedding })
            Assert.Equal([.. Enumerable.Range(0, (int)tensor.Count).Select(i => i + tensor.Offset * 1000f)], reader.ReadArray(tensor.Name));
        using var back = new FloatBuffer(table.Count);
        foreach (var tensor in table.Tensors)
            reader.ReadParameters(tensor, back);
        Assert.Equal(flat.Span.ToArray(), back.Span.ToArray());
    }

    [Fact]
    public void ReadParameters_AnotherShape_NamesTheTensorAndBothShapes()
    {
        var table = new ParameterTable.Builder();
        var tensor = table.AddRowMajor("decoder.weight", [2, 3]);
        using var flat = new FloatBuffer(table.Build().Count);
        using var reader = SafetensorsReader.Open(new MemoryStream(SafetensorsBytes.Of([SafetensorsTensor.FromArray("decoder.weight", [3, 2], new float[6])])), "model.safetensors");
        Assert.Equal("model.safetensors has the tensor 'decoder.weight' with the shape [3, 2]; the network needs [2, 3].", Assert.Throws<InvalidInputException>(() => reader.ReadParameters(tensor, flat)).Message);
        Assert.Equal("model.safetensors has no tensor 'x'; it has decoder.weight.", Assert.Throws<InvalidInputException>(() => reader.ReadParameters(tensor, flat, "x")).Message);
    }

    [Fact]
    public void FromBuffer_PartOfABuffer_WritesThatPart()
    {
        using var buffer = new FloatBuffer(600_000);
        for (var i = 0; i < 600_000; i++)
            buffer.Span[i] = i;
        using var reader = SafetensorsReader.Open(new MemoryStream(SafetensorsBytes.Of([SafetensorsTensor.FromBuffer("part", [599_000], buffer, 1000)])), "memory");
        var values = reader.ReadArray("part");
        Assert.Equal((1000f, 599_999f), (values[0], values[^1]));
        var some = new float[3];
        reader.Read(reader["part"], 7, some);
        Assert.Equal([1007, 1008, 1009], some);
        Assert.Throws<ArgumentOutOfRangeException>(() => SafetensorsTensor.FromBuffer("part", [599_001], buffer, 1000));
    }

    [Fact]
    public void Read_OtherFloatTypes_AreConverted()
    {
        byte[] data = [.. BitConverter.GetBytes(1.1), .. BitConverter.GetBytes(-1e300), .. BitConverter.GetBytes((Half)1.5f), .. BitConverter.GetBytes(Half.NaN), 0x80, 0x3f, 0xc0, 0xbf];
        using var reader = SafetensorsReader.Open(SafetensorsBytes.Stream("""{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"b":{"dtype":"F16","shape":[2],"data_offsets":[16,20]},"c":{"dtype":"BF16","shape":[2],"data_offsets":[20,24]}}""", data), "memory");
        Assert.Equal([1.1f, float.NegativeInfinity], reader.ReadArray("a"));
        Assert.Equal([1.5f, float.NaN], reader.ReadArray("b"));
        Assert.Equal([1f, -1.5f], reader.ReadArray("c"));
    }

    [Fact]
    public void Read_WholeNumbers_AreListedButNotRead()
    {
        using var reader = SafetensorsReader.Open(SafetensorsBytes.Stream("""{"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}""", new byte[8]), "memory");
        Assert.Equal("I64", reader["ids"].Dtype);
        Assert.Contains("'ids' in the type I64; allowed are F32, F64, F16 and BF16", Assert.Throws<InvalidInputException>(() => reader.ReadArray("ids")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Metadata_IsThere()
    {
        using var reader = SafetensorsReader.Open(new MemoryStream(SafetensorsBytes.Of([], new Dictionary<string, string> { ["b"] = "é\n", ["a"] = "" })), "memory");
        Assert.Equal("é\n", reader.Metadata["b"]);
        Assert.Equal("", reader.Metadata["a"]);
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData("__metadata__", "x")]
    public void Write_NameTwiceOrReserved_IsRefused(string first, string second) =>
        Assert.Throws<ArgumentException>(() => SafetensorsBytes.Of([SafetensorsTensor.FromArray(first, [0], Array.Empty<float>()), SafetensorsTensor.FromArray(second, [0], Array.Empty<float>())]));
}
