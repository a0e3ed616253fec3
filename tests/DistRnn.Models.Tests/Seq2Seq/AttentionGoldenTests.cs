using DistRnn.Numerics;

namespace DistRnn.Models.Tests;

/// <summary>Attention alone, masked by length, against PyTorch: contexts, weights and every gradient, by the reference and by the fast layer.</summary>
public sealed class AttentionGoldenTests
{
    public static TheoryData<string> Cases => [.. GoldenCase.Names("attention_*.json")];

    [Fact]
    public void Names_OfTheFolder_AreAllScores() => Assert.Equal(4, Cases.Count);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Backward_Reference_AgreesWithPyTorch(string name)
    {
        var golden = new Case(name);
        var parameters = new Reference.ParameterSet(golden.Golden.Parameters);
        var layer = new Reference.ReferenceAttention(golden.ReferenceScore, golden.Hd, golden.He, golden.Units, parameters, "");
        double[] context = new double[golden.T * golden.B * golden.He], weights = new double[golden.T * golden.B * golden.S];
        double[] queries = new double[golden.T * golden.B * golden.Hd], memories = new double[golden.S * golden.B * golden.He];
        for (var b = 0; b < golden.B; b++)
        {
            var memory = Enumerable.Range(0, golden.LengthOf(b)).Select(s => golden.Memory(s, b)).ToArray();
            var memoryGradient = memory.Select(m => new double[m.Length]).ToArray();
            for (var t = 0; t < golden.T; t++)
            {
                var (c, w) = layer.Forward(golden.Query(t, b), memory);
                c.CopyTo(context, (t * golden.B + b) * golden.He);
                w.CopyTo(weights, (t * golden.B + b) * golden.S);
                layer.Backward(golden.Query(t, b), memory, w, golden.ContextGradient(t, b), golden.WeightGradient(t, b)[..w.Length], memoryGradient)
                    .CopyTo(queries, (t * golden.B + b) * golden.Hd);
            }
            for (var s = 0; s < memory.Length; s++)
                memoryGradient[s].CopyTo(memories, (s * golden.B + b) * golden.He);
        }
        golden.AssertClose(context, weights, queries, memories, parameters.Gradients, 1e-10, 1e-10);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public unsafe void Backward_FastLayer_AgreesWithPyTorch(string name)
    {
        var golden = new Case(name);
        var (table, form) = golden.Form();
        using var parameters = new FloatBuffer(table.Count);
        using var gradient = new FloatBuffer(table.Count);
        ReferenceForm.Import(table, golden.Golden.Parameters, parameters);
        using var team = new ComputeTeam(2);
        using var source = Packed([.. Enumerable.Range(0, golden.B).Select(golden.LengthOf)]);
        using var target = Packed([.. Enumerable.Repeat(golden.T, golden.B)]);
        using var layer = new AttentionLayer(form, team, source, target, SimdWidths.Available[0]);
        layer.SetParameters(parameters);
        layer.PrepareSource(training: true);
        layer.PrepareTarget(training: true, [.. Enumerable.Range(0, golden.B)]);
        using Rows memory = new(source.PackedRows, golden.He), memoryGradient = new(source.PackedRows, golden.He), queries = new(target.PackedRows, golden.Hd);
        using Rows queryGradient = new(target.PackedRows, golden.Hd), context = new(target.PackedRows, golden.He), contextGradient = new(target.PackedRows, golden.He);
        for (var b = 0; b < golden.B; b++)
        {
            for (var s = 0; s < golden.LengthOf(b); s++)
                memory.Put(source.PackedRowOf(s, b), golden.Memory(s, b));
            for (var t = 0; t < golden.T; t++)
            {
                queries.Put(target.PackedRowOf(t, b), golden.Query(t, b));
                contextGradient.Put(target.PackedRowOf(t, b), golden.ContextGradient(t, b));
                for (var s = 0; s < golden.LengthOf(b); s++)
                    layer.WeightGradientsAt(target.PackedRowOf(t, b))[s] = (float)golden.WeightGradient(t, b)[s];
            }
        }

        team.Run(thread =>
        {
            layer.RebuildTransposes(thread);
            team.Barrier();
            var operand = new LeftOperand(memory.Block.At(0), memory.Block.Stride);
            layer.Load(thread, operand);
            if (thread == 0)
            {
                for (var t = 0; t < golden.T; t++)
                    layer.Forward(t, target.Starts[t], target.Starts[t + 1], queries.Block, context.Block);
                for (var t = golden.T - 1; t >= 0; t--)
                    layer.Backward(t, target.Starts[t], target.Starts[t + 1], contextGradient.Block, queryGradient.Block);
            }
            team.Barrier();
            layer.Finish(thread, operand, queries.Block, contextGradient.Block, memoryGradient.Block, gradient.Pointer);
        });

        double[] contexts = new double[golden.T * golden.B * golden.He], weights = new double[golden.T * golden.B * golden.S];
        double[] dQueries = new double[golden.T * golden.B * golden.Hd], dMemory = new double[golden.S * golden.B * golden.He];
        for (var b = 0; b < golden.B; b++)
        {
            for (var s = 0; s < golden.LengthOf(b); s++)
                memoryGradient.Take(source.PackedRowOf(s, b)).CopyTo(dMemory, (s * golden.B + b) * golden.He);
            for (var t = 0; t < golden.T; t++)
            {
                var row = target.PackedRowOf(t, b);
                context.Take(row).CopyTo(contexts, (t * golden.B + b) * golden.He);
                queryGradient.Take(row).CopyTo(dQueries, (t * golden.B + b) * golden.Hd);
                ReferenceForm.Doubles(new ReadOnlySpan<float>(layer.WeightsAt(row), golden.LengthOf(b))).CopyTo(weights, (t * golden.B + b) * golden.S);
            }
        }
        golden.AssertClose(contexts, weights, dQueries, dMemory, ReferenceForm.Of(table, gradient), 1e-5, 1e-4);
    }

    private static PackedBatch Packed(int[] lengths)
    {
        var sequences = new SequenceBatch();
        sequences.Reset(lengths, 1, 0, TargetKind.None);
        var batch = new PackedBatch();
        batch.Build([sequences], 0, false);
        return batch;
    }

    /// <summary>Rows that begin as +0, with room to round up.</summary>
    private sealed unsafe class Rows(int rows, int columns) : IDisposable
    {
        private readonly FloatBuffer _values = new((long)rows * ((columns + 15) / 16 * 16));

        public RowBlock Block => new((nint)_values.Pointer, (columns + 15) / 16 * 16);

        public void Put(int row, double[] values)
        {
            for (var i = 0; i < values.Length; i++)
                Block.At(row)[i] = (float)values[i];
        }

        public double[] Take(int row) => ReferenceForm.Doubles(new ReadOnlySpan<float>(Block.At(row), columns));

        public void Dispose() => _values.Dispose();
    }

    private sealed class Case(string name)
    {
        public GoldenCase Golden { get; } = GoldenCase.Read(name);

        public int B => Golden.Integer("B");

        public int S => Golden.Integer("S");

        public int T => Golden.Integer("T");

        public int Hd => Golden.Integer("Hd");

        public int He => Golden.Integer("He");

        public int Units => Golden.Text("score") == "additive" ? Golden.Integer("A") : Hd;

        public Reference.ReferenceScore ReferenceScore => Golden.Text("score") switch
        {
            "dot" => Reference.ReferenceScore.Dot,
            "scaled-dot" => Reference.ReferenceScore.ScaledDot,
            "general" => Reference.ReferenceScore.General,
            _ => Reference.ReferenceScore.Additive,
        };

        public int LengthOf(int b) => (int)Golden.Inputs["lengths"][b];

        public double[] Query(int t, int b) => Slice(Golden.Inputs["queries"], t, b, Hd);

        public double[] Memory(int s, int b) => Slice(Golden.Inputs["memory"], s, b, He);

        /// <summary>The loss is sum(context * cos(i)) + sum(weights * cos(i + 1)), i row by row.</summary>
        public double[] ContextGradient(int t, int b) => [.. Enumerable.Range((t * B + b) * He, He).Select(i => Math.Cos(i))];

        public double[] WeightGradient(int t, int b) => [.. Enumerable.Range((t * B + b) * S, S).Select(i => Math.Cos(i + 1))];

        public (ParameterTable Table, AttentionForm Form) Form()
        {
            var builder = new ParameterTable.Builder();
            var additive = Golden.Text("score") == "additive";
            var queries = additive ? builder.AddWeight("weight_q", new PanelShape(1, Units), Hd) : null;
            var keys = additive ? builder.AddWeight("weight_m", new PanelShape(1, Units), He)
                : Golden.Text("score") == "general" ? builder.AddWeight("weight", new PanelShape(1, Hd), He) : null;
            var v = additive ? builder.AddRowMajor("v", [Units]) : null;
            var kind = Golden.Text("score") switch { "dot" => AttentionKind.Dot, "scaled-dot" => AttentionKind.ScaledDot, "general" => AttentionKind.General, _ => AttentionKind.Additive };
            var form = new AttentionForm { Kind = kind, QuerySize = Hd, Segment = He, Segments = 1, SegmentStride = He, KeyWeight = keys, QueryWeight = queries, V = v };
            return (builder.Build(), form);
        }

        public void AssertClose(
            double[] context, double[] weights, double[] queries, double[] memory, Dictionary<string, double[]> tensors, double tolerance, double gradientTolerance)
        {
            GoldenCase.AssertClose("context", Golden.Outputs["context"], context, tolerance);
            GoldenCase.AssertClose("weights", Golden.Outputs["weights"], weights, tolerance);
            GoldenCase.AssertClose("dE/dq", Golden.Gradients["queries"], queries, gradientTolerance);
            GoldenCase.AssertClose("dE/dm", Golden.Gradients["memory"], memory, gradientTolerance);
            foreach (var (tensor, values) in tensors)
                GoldenCase.AssertClose(tensor, Golden.Gradients[tensor], values, gradientTolerance);
        }

        private double[] Slice(double[] values, int t, int b, int size) => values[((t * B + b) * size)..((t * B + b + 1) * size)];
    }
}
