using System.Runtime.CompilerServices;

namespace DistRnn.Numerics;

/// <summary>The matrix products of one vector width: cuts them into <see cref="RegisterTile{TSimd, TVector, TRows, TVectors}"/>s.</summary>
internal sealed unsafe class MatrixKernels<TSimd, TVector> : MatrixKernels
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    // With fewer tiles a copy costs as much as it gains.
    private const int TilesToPack = 8;

    // The most vectors of a tile: 4 where there are 32 registers, 2 where there are 16 (AVX2, SSE). Rows follow: 6, 8, 12, 12 for 4, 3, 2, 1 vectors
    // of 32 registers; 6 and 12 for 2 and 1 of 16.
    private readonly int _vectorsMax;
    private readonly bool _manyRegisters;

    // The numbers 0, 1, 2 ...: the rows of a part that was copied together.
    private static readonly int* s_order = NewOrder();

    public MatrixKernels(SimdWidth width, bool manyRegisters)
        : base(width)
    {
        _manyRegisters = manyRegisters;
        _vectorsMax = manyRegisters ? 4 : 2;
    }

    public override int InputsTogether => _manyRegisters ? 240 : BlockInputsMax;

    public override int InputFloatsTogether => _manyRegisters ? 1 << 18 : InputFloatsMax;

    public override int ColumnsTogether => _manyRegisters ? 64 : 16;

    /// <summary>Floats from a tile of a block to the next: 12 rows of 2 vectors, or 6 of 4.</summary>
    private static int TileFloats => 24 * TSimd.Count;

    public override void Multiply(LeftOperand a, int rows, int depth, float* weights, nint weightStride, int columns, float* output, nint outputStride)
    {
        if (depth > 0)
            Multiply(a, rows, depth, weights, weightStride, columns, output, outputStride, output, outputStride);
    }

    public override void Multiply(LeftOperand a, int rows, int depth, float* weights, nint weightStride, int columns, float* bias, float* output, nint outputStride) =>
        Multiply(a, rows, depth, weights, weightStride, columns, output, outputStride, bias, 0);

    private void Multiply(
        LeftOperand a, int rows, int depth, float* weights, nint weightStride, int columns, float* output, nint outputStride, float* start, nint startStride)
    {
        if (rows <= 0)
            return;
        var vectors = (columns + TSimd.Count - 1) / TSimd.Count;
        for (var first = 0; first < vectors;)
        {
            var count = Math.Min(_vectorsMax, vectors - first);
            var offset = first * TSimd.Count;
            var w = weights + offset;
            var c = output + offset;
            var s = start + offset;
            // What is read next: this panel's next columns or, behind its last ones, the first of the panel that follows in memory.
            var next = first + count < vectors ? count * TSimd.Count : depth * weightStride - offset;
            switch (count)
            {
                case 1: Multiply1(a, rows, depth, w, weightStride, c, outputStride, s, startStride); break;
                case 2: Multiply2(a, rows, depth, w, weightStride, c, outputStride, s, startStride, next); break;
                case 3: Multiply3(a, rows, depth, w, weightStride, c, outputStride, s, startStride); break;
                default: Multiply4(a, rows, depth, w, weightStride, c, outputStride, s, startStride); break;
            }
            first += count;
        }
    }

    public override void SumOuterProducts(
        float* a, nint aStride, nint aGroupStride, int inputs, float* b, nint bStride, int columns, in ShardRows rows, float* destination, nint destinationStride, bool goOn,
        float* scratch)
    {
        var vectors = (columns + TSimd.Count - 1) / TSimd.Count;
        for (var first = 0; first < vectors;)
        {
            var count = Math.Min(_vectorsMax, vectors - first);
            var offset = first * TSimd.Count;
            var exact = Math.Min(count * TSimd.Count, columns - offset);
            for (var start = 0; start < inputs; start += InputsTogether)
            {
                var block = new OuterBlock(
                    a + start / GroupInputs * aGroupStride, aStride, aGroupStride, b + offset, bStride, destination + start * destinationStride + offset, destinationStride,
                    Math.Min(InputsTogether, inputs - start), RowsMax(count), count, exact);
                SumBlock(block, rows, goOn, scratch, _manyRegisters ? null : scratch + BlocksFloats);
            }
            first += count;
        }
    }

    private static int TilesOf(int rows, int rowsMax) => (rows + rowsMax - 1) / rowsMax;

    private int RowsMax(int vectors) => _manyRegisters ? vectors switch { 4 => 6, 3 => 8, _ => 12 } : vectors == 2 ? 6 : 12;

    /// <summary>
    /// Some inputs of a weight gradient by one panel's columns: every shard's chains from +0, then the gradient tree, while all of it is in the near
    /// caches. k is cut into parts whose rows of B are near from tile to tile; a chain rests in memory between them.
    /// </summary>
    /// <remarks>
    /// A binary counter of the shards seen: its carries merge neighbours of equal size, as the tree that splits at powers of two does. A tile adds what
    /// waits to the left of a shard while its own sums are still in registers; only where a shard is absent are sums merged in memory.
    /// </remarks>
    private static void SumBlock(in OuterBlock block, in ShardRows rows, bool goOn, float* scratch, float* packed)
    {
        var depth = 0;
        var present = 0UL;
        var direct = block.Columns == block.Vectors * TSimd.Count;
        for (var shard = 0; shard < rows.Shards; shard++)
        {
            var last = shard + 1 == rows.Shards;
            var merges = last ? depth : System.Numerics.BitOperations.TrailingZeroCount(~(uint)shard);
            if (rows.Present[shard])
            {
                var left = present >> (depth - merges);
                var all = left == (1UL << merges) - 1;
                var target = all ? depth - merges : depth;
                if (goOn)
                    Exchange(block, scratch, store: false);
                SumShard(block, rows, shard, goOn, scratch + depth * BlockFloats, all ? merges : 0, all && last && direct ? null : scratch + target * BlockFloats, packed);
                if (all && last && direct)
                    return;
                present = present & ((1UL << target) - 1) | 1UL << target;
                depth = target + 1;
                merges = all ? 0 : merges;
            }
            else
            {
                present &= ~(1UL << depth++);
            }
            for (; merges > 0; merges--)
                Merge(scratch, --depth, block.Tiles * TileFloats, ref present);
        }
        if (present != 0)
            Exchange(block, scratch, store: true);
        else
            Clear(block.Destination, block.DestinationStride, block.Inputs, block.Columns);
    }

    /// <summary>
    /// One shard's sums, and what waits to their left added to them; they go to <paramref name="target"/>, or where that is null to the gradient. Where many tiles read
    /// few columns of B, those are copied to <paramref name="packed"/> first, so that all of them stay in the first level.
    /// </summary>
    private static void SumShard(in OuterBlock block, in ShardRows rows, int shard, bool goOn, float* own, int adds, float* target, float* packed)
    {
        var packs = packed != null && block.Tiles >= TilesToPack && block.RightStride > block.Vectors * TSimd.Count;
        var (from, end) = (rows.Offsets[shard], rows.Offsets[shard + 1]);
        var parts = Math.Max(1, (end - from + PartDepth - 1) / PartDepth);
        for (var part = 0; part < parts; part++)
        {
            var next = from + (end - from) / (parts - part);
            var final = part + 1 == parts;
            var right = block.Right;
            var rightRows = rows.Right + from;
            var rightStride = packs ? block.Vectors * TSimd.Count : block.RightStride;
            if (packs)
            {
                Pack(block, rightRows, next - from, packed);
                right = packed;
                rightRows = s_order;
            }
            for (var tile = 0; tile < block.Tiles; tile++)
            {
                var dense = tile * TileFloats;
                var sums = new TileSums
                {
                    Start = part > 0 || goOn ? own + dense : null,
                    Adds = final ? adds : 0,
                    Added = own - BlockFloats + dense,
                    AddedStep = -BlockFloats,
                    Destination = !final ? own + dense : target == null ? block.Destination + block.StartOf(tile) * block.DestinationStride : target + dense,
                    DestinationStride = final && target == null ? block.DestinationStride : block.Vectors * TSimd.Count,
                };
                Outer(block.LeftOf(tile), block.LeftStride, rows.Left + from, right, rightStride, rightRows, next - from, sums, block.SizeOf(tile), block.Vectors);
            }
            from = next;
        }
    }

    private static void Pack(in OuterBlock block, int* rows, int count, float* packed)
    {
        for (var k = 0; k < count; k++)
        {
            var row = block.Right + rows[k] * block.RightStride;
            for (var vector = 0; vector < block.Vectors; vector++, packed += TSimd.Count, row += TSimd.Count)
                TSimd.Store(packed, TSimd.Load(row));
        }
    }

    private static int* NewOrder()
    {
        var order = (int*)System.Runtime.InteropServices.NativeMemory.Alloc(PartDepth, sizeof(int));
        for (var i = 0; i < PartDepth; i++)
            order[i] = i;
        return order;
    }

    /// <summary>Adds block <paramref name="right"/> of the stack to its left neighbour; an absent one is not added, and the other is copied.</summary>
    private static void Merge(float* scratch, int right, int floats, ref ulong present)
    {
        if ((present >> right & 1) == 0)
            return;
        var r = scratch + right * BlockFloats;
        var l = r - BlockFloats;
        var add = (present >> (right - 1) & 1) != 0;
        for (var i = 0; i < floats; i += TSimd.Count)
            TSimd.Store(l + i, add ? TSimd.Add(TSimd.Load(l + i), TSimd.Load(r + i)) : TSimd.Load(r + i));
        present = present & ~(1UL << right) | 1UL << (right - 1);
    }

    /// <summary>Copies between the gradient and the tiles, which are dense and follow one another.</summary>
    private static void Exchange(in OuterBlock block, float* tiles, bool store)
    {
        var tileStride = block.Vectors * TSimd.Count;
        for (var tile = 0; tile < block.Tiles; tile++)
        {
            float* g = block.Destination + block.StartOf(tile) * block.DestinationStride, t = tiles + tile * TileFloats;
            if (store)
                Copy(t, tileStride, g, block.DestinationStride, block.SizeOf(tile), block.Columns);
            else
                Copy(g, block.DestinationStride, t, tileStride, block.SizeOf(tile), block.Columns);
        }
    }

    private static void Copy(float* source, nint sourceStride, float* destination, nint destinationStride, int rows, int columns)
    {
        for (var row = 0; row < rows; row++)
            new ReadOnlySpan<float>(source + row * sourceStride, columns).CopyTo(new Span<float>(destination + row * destinationStride, columns));
    }

    private static void Clear(float* destination, nint stride, int rows, int columns)
    {
        for (var row = 0; row < rows; row++)
            new Span<float>(destination + row * stride, columns).Clear();
    }

    private static void Outer(float* a, nint lda, int* aRows, float* b, nint ldb, int* bRows, nint count, in TileSums sums, int size, int vectors)
    {
        switch (vectors)
        {
            case 1: Outer1(a, lda, aRows, b, ldb, bRows, count, sums, size); break;
            case 2: Outer2(a, lda, aRows, b, ldb, bRows, count, sums, size); break;
            case 3: Outer3(a, lda, aRows, b, ldb, bRows, count, sums, size); break;
            default: Outer4(a, lda, aRows, b, ldb, bRows, count, sums, size); break;
        }
    }

    private static void Outer1(float* a, nint lda, int* aRows, float* b, nint ldb, int* bRows, nint count, in TileSums sums, int size)
    {
        switch (size)
        {
            case 1: RegisterTile<TSimd, TVector, Size1, Size1>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 2: RegisterTile<TSimd, TVector, Size2, Size1>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 3: RegisterTile<TSimd, TVector, Size3, Size1>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 4: RegisterTile<TSimd, TVector, Size4, Size1>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 5: RegisterTile<TSimd, TVector, Size5, Size1>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 6: RegisterTile<TSimd, TVector, Size6, Size1>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 7: RegisterTile<TSimd, TVector, Size7, Size1>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 8: RegisterTile<TSimd, TVector, Size8, Size1>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 9: RegisterTile<TSimd, TVector, Size9, Size1>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 10: RegisterTile<TSimd, TVector, Size10, Size1>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 11: RegisterTile<TSimd, TVector, Size11, Size1>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            default: RegisterTile<TSimd, TVector, Size12, Size1>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
        }
    }

    private static void Outer2(float* a, nint lda, int* aRows, float* b, nint ldb, int* bRows, nint count, in TileSums sums, int size)
    {
        switch (size)
        {
            case 1: RegisterTile<TSimd, TVector, Size1, Size2>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 2: RegisterTile<TSimd, TVector, Size2, Size2>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 3: RegisterTile<TSimd, TVector, Size3, Size2>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 4: RegisterTile<TSimd, TVector, Size4, Size2>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 5: RegisterTile<TSimd, TVector, Size5, Size2>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 6: RegisterTile<TSimd, TVector, Size6, Size2>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 7: RegisterTile<TSimd, TVector, Size7, Size2>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 8: RegisterTile<TSimd, TVector, Size8, Size2>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 9: RegisterTile<TSimd, TVector, Size9, Size2>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 10: RegisterTile<TSimd, TVector, Size10, Size2>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 11: RegisterTile<TSimd, TVector, Size11, Size2>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            default: RegisterTile<TSimd, TVector, Size12, Size2>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
        }
    }

    private static void Outer3(float* a, nint lda, int* aRows, float* b, nint ldb, int* bRows, nint count, in TileSums sums, int size)
    {
        switch (size)
        {
            case 1: RegisterTile<TSimd, TVector, Size1, Size3>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 2: RegisterTile<TSimd, TVector, Size2, Size3>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 3: RegisterTile<TSimd, TVector, Size3, Size3>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 4: RegisterTile<TSimd, TVector, Size4, Size3>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 5: RegisterTile<TSimd, TVector, Size5, Size3>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 6: RegisterTile<TSimd, TVector, Size6, Size3>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 7: RegisterTile<TSimd, TVector, Size7, Size3>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            default: RegisterTile<TSimd, TVector, Size8, Size3>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
        }
    }

    private static void Outer4(float* a, nint lda, int* aRows, float* b, nint ldb, int* bRows, nint count, in TileSums sums, int size)
    {
        switch (size)
        {
            case 1: RegisterTile<TSimd, TVector, Size1, Size4>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 2: RegisterTile<TSimd, TVector, Size2, Size4>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 3: RegisterTile<TSimd, TVector, Size3, Size4>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 4: RegisterTile<TSimd, TVector, Size4, Size4>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            case 5: RegisterTile<TSimd, TVector, Size5, Size4>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
            default: RegisterTile<TSimd, TVector, Size6, Size4>.SumOuterProducts(a, lda, aRows, b, ldb, bRows, count, sums); break;
        }
    }

    /// <summary>
    /// How far ahead a row tile asks for memory: the first one, which brings the weights near, asks for a line in four of the next page of 4 KiB, at whose
    /// beginning the processor's own prefetching would start anew. Where weights come from the third level that gained 1 to 3 %; asking for the next
    /// product's weights, near or far, all of them, a half or a quarter, gained nothing (Xeon, November 2026). Tiles of 2 vectors of 16 registers are one
    /// line wide, so there the second tile asks for all that is read next, one line a row: 3 to 5 % less of an encoder-decoder's step on an EPYC with 512 KiB of
    /// second level and a busy third (November 2026); cutting k to what the first level keeps cost as much as it gained.
    /// </summary>
    private static nint Ahead(int tile) => tile == 0 ? 1024 : 0;

    private void Multiply1(LeftOperand a, int rows, nint depth, float* w, nint ldw, float* c, nint ldc, float* start, nint startStride)
    {
        var tiles = TilesOf(rows, RowsMax(1));
        for (int tile = 0, row = 0; tile < tiles; tile++)
        {
            var ahead = Ahead(tile);
            var size = rows / tiles + (tile < rows % tiles ? 1 : 0);
            var p = (float*)a.Pointer + row * a.RowStride;
            switch (size)
            {
                case 1: RegisterTile<TSimd, TVector, Size1, Size1>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 2: RegisterTile<TSimd, TVector, Size2, Size1>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 3: RegisterTile<TSimd, TVector, Size3, Size1>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 4: RegisterTile<TSimd, TVector, Size4, Size1>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 5: RegisterTile<TSimd, TVector, Size5, Size1>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 6: RegisterTile<TSimd, TVector, Size6, Size1>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 7: RegisterTile<TSimd, TVector, Size7, Size1>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 8: RegisterTile<TSimd, TVector, Size8, Size1>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 9: RegisterTile<TSimd, TVector, Size9, Size1>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 10: RegisterTile<TSimd, TVector, Size10, Size1>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 11: RegisterTile<TSimd, TVector, Size11, Size1>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                default: RegisterTile<TSimd, TVector, Size12, Size1>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
            }
            c += size * ldc;
            start += size * startStride;
            row += size;
        }
    }

    private void Multiply2(LeftOperand a, int rows, nint depth, float* w, nint ldw, float* c, nint ldc, float* start, nint startStride, nint next)
    {
        var tiles = TilesOf(rows, RowsMax(2));
        for (int tile = 0, row = 0; tile < tiles; tile++)
        {
            var ahead = tile == 1 && !_manyRegisters ? next : Ahead(tile);
            var size = rows / tiles + (tile < rows % tiles ? 1 : 0);
            var p = (float*)a.Pointer + row * a.RowStride;
            switch (size)
            {
                case 1: RegisterTile<TSimd, TVector, Size1, Size2>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 2: RegisterTile<TSimd, TVector, Size2, Size2>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 3: RegisterTile<TSimd, TVector, Size3, Size2>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 4: RegisterTile<TSimd, TVector, Size4, Size2>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 5: RegisterTile<TSimd, TVector, Size5, Size2>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 6: RegisterTile<TSimd, TVector, Size6, Size2>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 7: RegisterTile<TSimd, TVector, Size7, Size2>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 8: RegisterTile<TSimd, TVector, Size8, Size2>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 9: RegisterTile<TSimd, TVector, Size9, Size2>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 10: RegisterTile<TSimd, TVector, Size10, Size2>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 11: RegisterTile<TSimd, TVector, Size11, Size2>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                default: RegisterTile<TSimd, TVector, Size12, Size2>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
            }
            c += size * ldc;
            start += size * startStride;
            row += size;
        }
    }

    private void Multiply3(LeftOperand a, int rows, nint depth, float* w, nint ldw, float* c, nint ldc, float* start, nint startStride)
    {
        var tiles = TilesOf(rows, RowsMax(3));
        for (int tile = 0, row = 0; tile < tiles; tile++)
        {
            var ahead = Ahead(tile);
            var size = rows / tiles + (tile < rows % tiles ? 1 : 0);
            var p = (float*)a.Pointer + row * a.RowStride;
            switch (size)
            {
                case 1: RegisterTile<TSimd, TVector, Size1, Size3>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 2: RegisterTile<TSimd, TVector, Size2, Size3>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 3: RegisterTile<TSimd, TVector, Size3, Size3>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 4: RegisterTile<TSimd, TVector, Size4, Size3>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 5: RegisterTile<TSimd, TVector, Size5, Size3>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 6: RegisterTile<TSimd, TVector, Size6, Size3>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 7: RegisterTile<TSimd, TVector, Size7, Size3>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                default: RegisterTile<TSimd, TVector, Size8, Size3>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
            }
            c += size * ldc;
            start += size * startStride;
            row += size;
        }
    }

    private void Multiply4(LeftOperand a, int rows, nint depth, float* w, nint ldw, float* c, nint ldc, float* start, nint startStride)
    {
        var tiles = TilesOf(rows, RowsMax(4));
        for (int tile = 0, row = 0; tile < tiles; tile++)
        {
            var ahead = Ahead(tile);
            var size = rows / tiles + (tile < rows % tiles ? 1 : 0);
            var p = (float*)a.Pointer + row * a.RowStride;
            switch (size)
            {
                case 1: RegisterTile<TSimd, TVector, Size1, Size4>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 2: RegisterTile<TSimd, TVector, Size2, Size4>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 3: RegisterTile<TSimd, TVector, Size3, Size4>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 4: RegisterTile<TSimd, TVector, Size4, Size4>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                case 5: RegisterTile<TSimd, TVector, Size5, Size4>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
                default: RegisterTile<TSimd, TVector, Size6, Size4>.Multiply(p, a.RowStride, a.SegmentCount, a.SegmentStride, depth, w, ldw, c, ldc, start, startStride, ahead); break;
            }
            c += size * ldc;
            start += size * startStride;
            row += size;
        }
    }
}
