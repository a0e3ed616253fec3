using DistRnn.Cluster.Wire;
using DistRnn.Numerics;
using DistRnn.Optimizers;
using DistRnn.Protocol;
using Google.Protobuf.Collections;

namespace DistRnn.Cluster;

/// <summary>What a parameter server has to know of a run, on the wire: the tensors are laid out again by the receiver, which checks every shape.</summary>
internal static class WireSpec
{
    private const int RowMajor = 0;
    private const int Weight = 1;
    private const int Bias = 2;
    private const int TensorsMax = 65_536;
    private const int ShardsMax = 1 << 20;
    private const long FloatsMax = 1L << 40;

    public static Spec Of(PartitionSpec spec)
    {
        var wire = new Spec
        {
            Partitions = spec.Partitions,
            Shards = spec.Shards,
            HasLanes = spec.HasLanes,
            Rule = spec.Rule.ToString(),
            WeightDecay = spec.Rule.WeightDecay,
            Codec = spec.Codec,
            Consistency = spec.Consistency.ToString(),
        };
        wire.Tensors.AddRange(spec.Table.Tensors.Select(Of));
        return wire;
    }

    public static PartitionSpec SpecOf(Spec? spec)
    {
        var (partitions, shards) = (WireParts.Below(WireParts.Needed(spec).Partitions, PartitionMap.PartitionsMax + 1, 1), WireParts.Below(spec!.Shards, ShardsMax + 1, 1));
        return new PartitionSpec(TableOf(spec.Tensors), partitions, shards, spec.HasLanes, UpdateRule.Parse(spec.Rule, spec.WeightDecay), WireParts.Text(spec.Codec), ConsistencyPolicy.Parse(spec.Consistency));
    }

    private static Tensor Of(TensorInfo tensor)
    {
        var wire = new Tensor
        {
            Name = tensor.Name,
            Layout = tensor.Layout == TensorLayout.RowMajor ? RowMajor : tensor.Shape.Length == 1 ? Bias : Weight,
            Gates = tensor.Layout == TensorLayout.RowMajor ? 0 : tensor.Panels.Gates,
            SparseRows = tensor.SparseRows,
        };
        wire.Shape.AddRange(tensor.Shape);
        return wire;
    }

    private static ParameterTable TableOf(RepeatedField<Tensor> tensors)
    {
        WireParts.Below(tensors.Count, TensorsMax + 1);
        var (builder, names, floats) = (new ParameterTable.Builder(), new HashSet<string>(StringComparer.Ordinal), 0L);
        foreach (var tensor in tensors)
        {
            var name = WireParts.Text(tensor.Name);
            if (name.Length == 0 || tensor.Shape.Count is not (1 or 2) || tensor.Shape.Any(size => size < 1))
                throw new WireException($"The tensor '{name}' has the shape [{string.Join(", ", tensor.Shape)}].");
            if (!names.Add(name))
                throw new WireException($"The tensor '{name}' is named twice.");
            floats += tensor.Shape.Aggregate(1L, (product, size) => product * size) + 15;
            if (floats > FloatsMax)
                throw new WireException($"The tensors up to '{name}' have {floats} floats; {FloatsMax} are allowed.");
            Add(builder, tensor, name);
        }
        return builder.Build();
    }

    private static void Add(ParameterTable.Builder builder, Tensor tensor, string name)
    {
        if (tensor.Layout == RowMajor)
        {
            builder.AddRowMajor(name, [.. tensor.Shape], tensor.SparseRows);
            return;
        }
        if (tensor.Gates is < 1 or > 4 || tensor.Shape[0] % tensor.Gates != 0)
            throw new WireException($"The tensor '{name}' has {tensor.Shape[0]} columns of {tensor.Gates} gates.");
        var panels = new PanelShape(tensor.Gates, tensor.Shape[0] / tensor.Gates);
        if (tensor.Layout == Weight && tensor.Shape.Count == 2)
            builder.AddWeight(name, panels, tensor.Shape[1]);
        else if (tensor.Layout == Bias && tensor.Shape.Count == 1)
            builder.AddBias(name, panels);
        else
            throw new WireException($"The tensor '{name}' has the layout {tensor.Layout} and {tensor.Shape.Count} dimensions.");
    }
}
