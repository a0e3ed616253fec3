using System.Runtime.InteropServices;

namespace DistRnn.Numerics;

/// <summary>
/// Memory for large blocks, in pages of 2 MiB where Linux gives them to those who ask: products walk through megabytes of weights, and with small
/// pages the processor's address translation and its prefetchers stop at every fourth kilobyte.
/// </summary>
internal static unsafe partial class HugePages
{
    private const nuint PageBytes = 2 << 20;
    private const nuint WorthwhileBytes = 2 * PageBytes;
    private const int AdviseHugePages = 14;

    /// <summary>Allocates a block; free it with <see cref="NativeMemory.AlignedFree"/>. Its content is undefined.</summary>
    /// <param name="bytes">Bytes.</param>
    /// <exception cref="OutOfMemoryException">The machine refuses the memory.</exception>
    public static void* Allocate(nuint bytes)
    {
        if (bytes < WorthwhileBytes || !OperatingSystem.IsLinux())
            return NativeMemory.AlignedAlloc(bytes, 64);
        var block = NativeMemory.AlignedAlloc(bytes, PageBytes);
        // Only a wish: where the system does not know it, small pages do the same.
        _ = Advise(block, bytes / PageBytes * PageBytes, AdviseHugePages);
        return block;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
