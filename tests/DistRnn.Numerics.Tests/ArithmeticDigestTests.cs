using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Xunit;

namespace DistRnn.Numerics.Tests;

/// <summary>
/// The bits of all arithmetic, as one digest that has to be the same on every processor, with every instruction set. When the arithmetic is changed on purpose, the
/// digest changes with it, and with it every run's fingerprint.
/// </summary>
public sealed class ArithmeticDigestTests
{
    private const string Known = "a7b7070e9e55268c995dc6532ba4372d3381f3b68cfdca483f3886a137bde3ec";

    [Fact]
    public void Digest_OfAllArithmetic_IsTheKnownOne()
    {
        var digest = Digest();
        Assert.True(digest == Known, $"The digest of all arithmetic is {digest}, not {Known}.");
    }

    [Theory]
    [InlineData("DOTNET_EnableAVX512", "0")]
    [InlineData("DOTNET_EnableAVX2", "0")]
    [InlineData("DOTNET_EnableHWIntrinsic", "0")]
    [InlineData("DISTRNN_SIMD", "scalar")]
    public async Task Digest_InAProcessWithFewerInstructions_IsTheKnownOne(string variable, string value)
    {
        var host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
        var start = new ProcessStartInfo(host, ["exec", typeof(ArithmeticDigestTests).Assembly.Location, "-method", $"*.{nameof(Digest_OfAllArithmetic_IsTheKnownOne)}", "-noColor"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[variable] = value;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, output + await errors);
        Assert.Contains("Total: 1,", output, StringComparison.Ordinal);
    }

    private static string Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AddFunctions(hash);
        AddScalarFunctions(hash);
        AddChance(hash);
        AddReductions(hash);
        AddProducts(hash);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void AddFunctions(IncrementalHash hash)
    {
        var x = Enumerable.Range(0, 1 << 15).Select(i => BitConverter.UInt32BitsToSingle((uint)i * 131_063)).Where(value => !float.IsNaN(value)).ToArray();
        var y = new float[x.Length];
        VectorMath.Exp(x, y);
        Add<float>(hash, y);
        VectorMath.Log(x, y);
        Add<float>(hash, y);
        VectorMath.Tanh(x, y);
        Add<float>(hash, y);
        VectorMath.Sigmoid(x, y);
        Add<float>(hash, y);
        VectorMath.Relu(x, y);
        Add<float>(hash, y);
    }

    private static void AddScalarFunctions(IncrementalHash hash)
    {
        for (var i = -1000; i <= 1000; i++)
        {
            var x = i * 0.317;
            Add<double>(hash, [ScalarMath.Exp(x), ScalarMath.Log(Math.Abs(x) + 1e-9), ScalarMath.Pow(Math.Abs(x) + 0.001, 0.75), ScalarMath.Pow(0.999, Math.Abs(i))]);
            Add<double>(hash, [ScalarMath.Sin(x), ScalarMath.Cos(x), ScalarMath.Tanh(x / 50), ScalarMath.Sigmoid(x)]);
        }
    }

    private static unsafe void AddChance(IncrementalHash hash)
    {
        var philox = new Philox(12345, PhiloxPurpose.Initialize, 678);
        var bits = new uint[1003];
        philox.FillUniforms(5, bits);
        Add<uint>(hash, bits);
        for (ulong i = 0; i < 500; i++)
        {
            Add<float>(hash, [philox.Uniform(i), philox.Normal(i)]);
            Add<double>(hash, [philox.UniformDouble(i)]);
            Add<int>(hash, [philox.Below(i, 1000), philox.Below(i, (1 << 30) + 1)]);
        }
        var order = new int[100];
        philox.Permutation(order);
        Add<int>(hash, order);
        using var row = new FloatBuffer(203);
        row.Span.Fill(1);
        DropoutMask.Apply(1, 2, 3UL << 33, 4, 0.37f, row.Pointer, 203);
        Add<float>(hash, row.Span);
    }

    private static void AddReductions(IncrementalHash hash)
    {
        using var values = Numbers(1, 4096 * 5 + 77);
        var doubles = values.Span.ToArray().Select(value => value / 3.0).ToArray();
        Add<double>(hash, [Reductions.Sum(values.Span), Reductions.Sum(doubles), Reductions.SquaredNorm(values)]);
    }

    private static unsafe void AddProducts(IncrementalHash hash)
    {
        const int Rows = 29, Depth = 70, Columns = 64;
        using var a = Numbers(2, Rows * Depth);
        using var w = Numbers(3, Depth * Columns);
        using var c = Numbers(4, Rows * Columns);
        foreach (var columns in new[] { 64, 48, 23 })
            MatrixKernels.Current.Multiply(new LeftOperand(a.Pointer, Depth), Rows, Depth, w.Pointer, Columns, columns / 16 * 16, c.Pointer, Columns);
        Add<float>(hash, c.Span);
        using var d = new FloatBuffer(Depth * Columns);
        using var scratch = new FloatBuffer(MatrixKernels.ScratchFloats);
        var rows = Enumerable.Range(0, Rows).ToArray();
        int[] offsets = [0, 10, 10, 21, Rows];
        bool[] present = [true, false, true, true];
        fixed (int* r = rows, o = offsets)
        fixed (bool* p = present)
            MatrixKernels.Current.SumOuterProducts(a.Pointer, Depth, Depth, c.Pointer, Columns, 50, new ShardRows(r, r, o, p, 4), d.Pointer, Columns, false, scratch.Pointer);
        Add<float>(hash, d.Span);
    }

    private static unsafe FloatBuffer Numbers(ulong seed, int count)
    {
        var philox = new Philox(seed, PhiloxPurpose.Synthesize, 0);
        var buffer = new FloatBuffer(count);
        for (var i = 0; i < count; i++)
            buffer.Pointer[i] = philox.Normal((ulong)i);
        return buffer;
    }

    private static void Add<T>(IncrementalHash hash, ReadOnlySpan<T> values)
        where T : struct => hash.AppendData(MemoryMarshal.AsBytes(values));
}
