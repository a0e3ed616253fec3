namespace DistRnn.Cluster;

/// <summary>A question of somebody outside the cluster to the coordinator in charge.</summary>
/// <param name="Kind">What is asked: <c>where</c>, <c>submit</c>, <c>run</c>, <c>runs</c>, <c>nodes</c> or <c>cancel</c>.</param>
/// <param name="Json">Its arguments.</param>
internal sealed record ClusterQuery(string Kind, string Json) : IWireMessage;

/// <summary>The answer to a <see cref="ClusterQuery"/>.</summary>
/// <param name="Refusal">Why there is none, in a sentence; empty where there is.</param>
/// <param name="Json">The answer.</param>
internal sealed record ClusterAnswer(string Refusal, string Json) : IWireMessage;
