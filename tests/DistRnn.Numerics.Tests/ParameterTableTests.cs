using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace DistRnn.Numerics.Tests;

public sealed class ParameterTableTests
{
    [Theory]
    [InlineData(4, 16, 8)]
    [InlineData(4, 20, 37)]
    [InlineData(4, 5, 1)]
    [InlineData(3, 33, 16)]
    [InlineData(1, 64, 100)]
    [InlineData(1, 130, 17)]
    [InlineData(1, 3, 2)]
    public unsafe void ExportAndImport_PanelLayout_FollowTheElementsPlacesAndGoRound(int gates, int units, int inputs)
    {
        var builder = new ParameterTable.Builder();
        builder.AddRowMajor("embedding.weight", [7, 5], sparseRows: true);
        var shape = new PanelShape(gates, units);
        builder.AddWeight("weight", shape, inputs);
        builder.AddBias("bias", shape);
        var table = builder.Build();
        using var flat = new FloatBuffer(table.Count);
        foreach (var tensor in table.Tensors)
        {
            var source = Enumerable.Range(0, (int)tensor.Count).Select(i => i + 0.5f).ToArray();
            ParameterTable.Import(tensor, source, flat);
            var back = new float[source.Length];
            ParameterTable.Export(tensor, flat, back);
            Assert.Equal(source, back);
            var pieces = new List<float>();
            ParameterTable.ExportInPieces(tensor, flat, piece => pieces.AddRange(piece));
            Assert.Equal(source, pieces);
        }
        var weight = table["weight"];
        for (var gate = 0; gate < gates; gate++)
            for (var unit = 0; unit < units; unit++)
                for (var input = 0; input < inputs; input++)
                    Assert.Equal((gate * units + unit) * inputs + input + 0.5f, flat.Pointer[weight.Offset + shape.ElementOf(gate, unit, input, inputs)]);
        var bias = table["bias"];
        for (var gate = 0; gate < gates; gate++)
            for (var unit = 0; unit < units; unit++)
                Assert.Equal(gate * units + unit + 0.5f, flat.Pointer[bias.Offset + shape.ColumnOf(gate, unit)]);
    }

    [Fact]
    public void Build_SeveralTensors_AlignsThemAndKeepsTheirOrder()
    {
        var builder = new ParameterTable.Builder();
        builder.AddRowMajor("b", [3]);
        builder.AddRowMajor("a", [4097]);
        var table = builder.Build();
        Assert.Equal(["b", "a"], table.Tensors.Select(tensor => tensor.Name));
        Assert.Equal([0, 16], table.Tensors.Select(tensor => tensor.Offset));
        Assert.Equal((16 + 4112, 4100, 2), (table.Count, table.ParameterCount, table.Blocks));
        Assert.True(table.TryGet("a", out var found) && found == table["a"]);
        Assert.False(table.TryGet("c", out _));
        Assert.Throws<KeyNotFoundException>(() => table["c"]);
    }

    [Fact]
    public void Add_NameTwiceOrEmptyShape_Throws()
    {
        var builder = new ParameterTable.Builder();
        builder.AddRowMajor("a", [1]);
        Assert.Throws<ArgumentException>(() => builder.AddRowMajor("a", [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddRowMajor("b", [0, 3]));
    }

    [Fact]
    public void Export_WrongLength_Throws()
    {
        var builder = new ParameterTable.Builder();
        var tensor = builder.AddRowMajor("a", [4]);
        using var flat = new FloatBuffer(builder.Build().Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => ParameterTable.Export(tensor, flat, new float[3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => ParameterTable.Import(tensor, new float[5], flat));
    }

    [Fact]
    public void Fingerprint_OfSmallModel_IsTheDigestOfTheStatedBytes()
    {
        var builder = new ParameterTable.Builder();
        builder.AddRowMajor("embedding.weight", [2, 3]);
        builder.AddWeight("rnn.weight_ih_l0", new PanelShape(4, 17), 3);
        builder.AddBias("rnn.bias_ih_l0", new PanelShape(4, 17));
        var table = builder.Build();
        using var flat = new FloatBuffer(table.Count);
        using var bytes = new MemoryStream();
        foreach (var tensor in table.Tensors)
        {
            var elements = Enumerable.Range(0, (int)tensor.Count).Select(i => i == 4 ? float.NaN : i == 5 ? -0f : i / 3f).ToArray();
            ParameterTable.Import(tensor, elements, flat);
            bytes.Write(Encoding.UTF8.GetBytes(tensor.Name));
            bytes.WriteByte(0);
            var word = new byte[4];
            foreach (var size in tensor.Shape)
            {
                BinaryPrimitives.WriteInt32LittleEndian(word, size);
                bytes.Write(word);
            }
            foreach (var element in elements)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(word, float.IsNaN(element) ? 0x7FC00000 : BitConverter.SingleToUInt32Bits(element));
                bytes.Write(word);
            }
        }
        var fingerprint = Fingerprint.Of(table, flat);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray())), fingerprint);
        flat.Slice(table["embedding.weight"].Offset + 4, 1)[0] = BitConverter.UInt32BitsToSingle(0xFFC01234);
        Assert.Equal(fingerprint, Fingerprint.Of(table, flat));
        flat.Span[0] = BitConverter.UInt32BitsToSingle(1);
        Assert.NotEqual(fingerprint, Fingerprint.Of(table, flat));
    }

    [Fact]
    public void Fingerprint_VectorOfAnotherSize_Throws()
    {
        var builder = new ParameterTable.Builder();
        builder.AddRowMajor("a", [4]);
        using var flat = new FloatBuffer(4);
        Assert.Throws<ArgumentException>(() => Fingerprint.Of(builder.Build(), flat));
    }
}
