using System.Text;
using DistRnn.Numerics;
using Xunit;

namespace DistRnn.Formats.Tests;

/// <summary>Files that are cut short, damaged or made to harm: refused with the reason, before any memory is spent on what they claim.</summary>
public sealed class SafetensorsHostileTests
{
    private static readonly byte[] s_good = SafetensorsBytes.Of(
        [SafetensorsTensor.FromArray("rnn.weight", [2, 3], new float[] { 1, 2, 3, 4, 5, 6 }), SafetensorsTensor.FromArray("rnn.bias", [2], new float[] { 7, 8 })],
        new Dictionary<string, string> { ["format"] = "pt" });

    private static string ErrorOf(byte[] bytes) => Assert.Throws<InvalidInputException>(() => SafetensorsReader.Open(new MemoryStream(bytes), "x.safetensors").Dispose()).Message;

    private static string ErrorOf(string header, int dataBytes = 8) => ErrorOf(SafetensorsBytes.Of(Encoding.UTF8.GetBytes(header), new byte[dataBytes]));

    [Fact]
    public void Open_CutShortAnywhere_IsRefused()
    {
        for (var length = 0; length < s_good.Length; length++)
            Assert.StartsWith("x.safetensors is no safetensors file: ", ErrorOf(s_good[..length]), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_BytesBehindTheEnd_IsRefused() => Assert.Contains("1 bytes follow its last tensor", ErrorOf([.. s_good, 0]), StringComparison.Ordinal);

    [Fact]
    public void Open_AnyBitOfTheHeaderFlipped_IsRefusedOrReadsWithinTheFile()
    {
        var headerEnd = s_good.Length - 8 * sizeof(float);
        var refused = 0;
        for (var bit = 0; bit < headerEnd * 8; bit++)
        {
            var bytes = s_good.ToArray();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                using var reader = SafetensorsReader.Open(new MemoryStream(bytes), "x.safetensors");
                Assert.Equal(8, reader.Entries.Sum(entry => entry.Count * SafetensorsEntry.BytesOf(entry.Dtype)) / sizeof(float));
            }
            catch (InvalidInputException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, headerEnd * 8 / 2, headerEnd * 8);
    }

    [Theory]
    [InlineData(ulong.MaxValue, "its header would have 18446744073709551615 bytes; allowed are 100000000")]
    [InlineData(1ul << 63, "bytes; allowed are 100000000")]
    [InlineData(100_000_001ul, "bytes; allowed are 100000000")]
    [InlineData(100_000_000ul, "but only 24 follow: it was cut short")]
    public void Open_HugeHeader_IsRefusedUnread(ulong length, string reason) => Assert.Contains(reason, ErrorOf([.. BitConverter.GetBytes(length), .. new byte[24]]), StringComparison.Ordinal);

    [Theory]
    [InlineData("", "does not begin with '{'")]
    [InlineData(" {}", "does not begin with '{'")]
    [InlineData("[]", "does not begin with '{'")]
    [InlineData("{", "is not the JSON that the format has")]
    [InlineData("{}{}", "is not the JSON that the format has")]
    [InlineData("{} x", "is not the JSON that the format has")]
    [InlineData("{\"a\":1}", "the entry of tensor 'a' is no object")]
    [InlineData("{\"a\":{}}", "tensor 'a' lacks one of dtype, shape and data_offsets")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}", "tensor 'a' has 'x' twice or in vain")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", "tensor 'a' has 'dtype' twice")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "its header has 'a' twice")]
    [InlineData("{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}", "has the dtype 'F31', which the format does not have")]
    [InlineData("{\"a\":{\"dtype\":32,\"shape\":[2],\"data_offsets\":[0,8]}}", "the dtype of tensor 'a' is no text")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", "no whole number of at least 0")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", "no whole number of at least 0")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}", "no whole number of at least 0")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}}", "more than any file holds")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", "needs 12 bytes, but its data_offsets give it 8")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", "not a begin and an end behind it")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", "not a begin and an end behind it")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", "no whole number of at least 0")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", "that is a hole")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "that is an overlap")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", "its tensors need 16 bytes, but only 8 are there: it was cut short")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "4 bytes follow its last tensor")]
    [InlineData("{\"__metadata__\":[]}", "'__metadata__' is no object")]
    [InlineData("{\"__metadata__\":{\"a\":1}}", "metadata 'a' is no text")]
    [InlineData("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", "metadata has 'a' twice")]
    [InlineData("{\"__metadata__\":{},\"__metadata__\":{}}", "its header has '__metadata__' twice")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]}}", "more than 16 entries")]
    public void Open_HeaderThatIsWrong_SaysWhy(string header, string reason) => Assert.Contains(reason, ErrorOf(header), StringComparison.Ordinal);

    [Fact]
    public void Open_DeepJson_IsRefused() =>
        Assert.StartsWith("x.safetensors is no safetensors file: ", ErrorOf("{\"a\":{\"shape\":" + new string('[', 100_000) + new string(']', 100_000) + "}}"), StringComparison.Ordinal);

    [Fact]
    public void Open_InvalidUtf8InAName_IsRefused() =>
        Assert.Contains("is not the JSON", ErrorOf(SafetensorsBytes.Of([.. "{\""u8, 0xff, 0xfe, .. "\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"u8], new byte[8])), StringComparison.Ordinal);

    [Fact]
    public void Open_NoFile_SaysSo() => Assert.StartsWith("none.safetensors cannot be read: ", Assert.Throws<InvalidInputException>(() => SafetensorsReader.Open("none.safetensors")).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_FileThatBecameShorter_IsRefused()
    {
        using var stream = new MemoryStream();
        stream.Write(s_good);
        stream.Position = 0;
        using var reader = SafetensorsReader.Open(stream, "x.safetensors");
        stream.SetLength(s_good.Length - 1);
        Assert.Contains("ended inside tensor 'rnn.bias'", Assert.Throws<InvalidInputException>(() => reader.ReadArray("rnn.bias")).Message, StringComparison.Ordinal);
    }
}
