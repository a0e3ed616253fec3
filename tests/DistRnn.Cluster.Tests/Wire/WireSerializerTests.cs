using System.Collections.Concurrent;
using System.Runtime.Serialization;
using Akka.Actor;
using DistRnn.Protocol;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>What may travel between nodes, tried on a node's own serialization: the envelope of a message of the schema, and nothing else.</summary>
public sealed class WireSerializerTests : IAsyncLifetime
{
    private readonly BlockingCollection<string> _reports = [];
    private ClusterNode? _node;

    private Akka.Serialization.Serialization Serialization => _node!.Parts.System.Serialization;

    public async ValueTask InitializeAsync() =>
        _node = await ClusterNode.StartAsync(new NodeOptions { Roles = NodeRoles.Coordinator, Failover = FailoverProfile.Fast }, DataEndpoint.None, _ => { }, _reports.Add, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _node!.DisposeAsync();
        _reports.Dispose();
    }

    [Fact]
    public void Envelope_ThereAndBack_IsTheSame()
    {
        var envelope = new WireEnvelope(new NodeId("a", 1), new NodeId("b", -2), NodeRoles.Worker, new RunOver(new RunKey("run", 1), 4, "It is over."));
        var serializer = Serialization.FindSerializerFor(envelope);
        Assert.Equal(WireSerializer.WireIdentifier, serializer.Identifier);
        Assert.True(serializer.Identifier > 100);
        var back = Serialization.Deserialize(serializer.ToBinary(envelope), serializer.Identifier, "run-over-1");
        Assert.Equal(envelope, back);
    }

    [Fact]
    public void Deserialize_Garbage_IsRefusedAndCounted()
    {
        var before = WireSerializer.Refused;
        Assert.Throws<SerializationException>(() => Serialization.Deserialize([255, 255, 255], WireSerializer.WireIdentifier, "run-over-1"));
        Assert.True(WireSerializer.Refused > before);
    }

    [Fact]
    public void Deserialize_Json_IsRefused()
    {
        var json = """{"$type":"System.IO.FileInfo, System.IO.FileSystem","fileName":"a"}"""u8.ToArray();
        var refusal = Assert.Throws<SerializationException>(() => Serialization.Deserialize(json, RefusingSerializer.JsonIdentifier, typeof(FileInfo)));
        Assert.Contains("JSON", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FindSerializerFor_WhatIsNotOfTheWire_IsRefused() => Assert.ThrowsAny<Exception>(() => Serialization.FindSerializerFor(new FileInfo("a")).ToBinary(new FileInfo("a")));

    [Fact]
    public void Deserialize_OrderToCreateAnActor_IsRefused() =>
        Assert.Throws<SerializationException>(() => Serialization.Deserialize([1, 2], DeploymentRefusingSerializer.DeploymentIdentifier, typeof(object)));

    [Fact]
    public async Task Send_MessageLargerThanAFrame_IsNoticed()
    {
        await using var other = await ClusterNode.StartAsync(new NodeOptions { Roles = NodeRoles.Coordinator, Failover = FailoverProfile.Fast }, DataEndpoint.None, _ => { }, _ => { }, TestContext.Current.CancellationToken);
        var target = _node!.Parts.System.ActorSelection(other.Parts.Id.Address + "/user/membership");
        target.Tell(new WireEnvelope(_node.Parts.Id, other.Parts.Id, NodeRoles.Worker, new RunOffer(new RunKey("run", 0), 1, new byte[2 << 20])));
        while (!_reports.Take(TestContext.Current.CancellationToken).Contains("too large for a frame", StringComparison.Ordinal))
        {
        }
    }
}
