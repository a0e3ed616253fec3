using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;
using DistRnn.Protocol;
using Google.Protobuf;

namespace DistRnn.Cluster;

/// <summary>
/// The one serializer of what travels between nodes: a <see cref="WireEnvelope"/> with a message of the schema, under the manifest of that message.
/// What it cannot read it refuses; Akka logs that and drops the message, and the protocol asks again.
/// </summary>
internal sealed class WireSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>The serializer's number on the wire; numbers up to 100 are Akka's.</summary>
    public const int WireIdentifier = 4053;

    private const string QueryManifest = "query-1";
    private const string AnswerManifest = "answer-1";
    private const string LeavingManifest = "leaving-1";

    private static long s_refused;

    /// <summary>Messages of this process that came and could not be read.</summary>
    public static long Refused => Interlocked.Read(ref s_refused);

    public override int Identifier => WireIdentifier;

    public override string Manifest(object o) => o switch
    {
        ClusterQuery => QueryManifest,
        ClusterAnswer => AnswerManifest,
        LeavingNotice => LeavingManifest,
        _ => CopyWire.ManifestOf(o) ?? MessageCodec.ManifestOf(EnvelopeOf(o).Message),
    };

    public override byte[] ToBinary(object obj)
    {
        switch (obj)
        {
            case ClusterQuery query: return new Wire.Query { Kind = query.Kind, Json = query.Json }.ToByteArray();
            case ClusterAnswer answer: return new Wire.Answer { Refusal = answer.Refusal, Json = answer.Json }.ToByteArray();
            case LeavingNotice notice: return new Wire.Leaving { Node = WireParts.Of(notice.Node) }.ToByteArray();
            default: break;
        }
        if (CopyWire.ManifestOf(obj) is not null)
            return CopyWire.Write(obj);
        var envelope = EnvelopeOf(obj);
        return new Wire.Envelope
        {
            From = WireParts.Of(envelope.From),
            To = WireParts.Of(envelope.To),
            Role = (int)envelope.Role,
            Body = MessageCodec.Write(envelope.Message),
        }.ToByteArray();
    }

    public override object FromBinary(byte[] bytes, string manifest)
    {
        try
        {
            switch (manifest)
            {
                case QueryManifest:
                    var query = Wire.Query.Parser.ParseFrom(bytes);
                    return new ClusterQuery(WireParts.Text(query.Kind), query.Json);
                case AnswerManifest:
                    var answer = Wire.Answer.Parser.ParseFrom(bytes);
                    return new ClusterAnswer(answer.Refusal, answer.Json);
                case LeavingManifest:
                    return new LeavingNotice(WireParts.NodeOf(Wire.Leaving.Parser.ParseFrom(bytes).Node));
                default:
                    break;
            }
            if (CopyWire.TryRead(manifest, bytes, out var copying))
                return copying;
            var wire = Wire.Envelope.Parser.ParseFrom(bytes);
            if (!MessageCodec.TryRead(manifest, wire.Body.Memory, out var message, out var refusal))
                throw new WireException(refusal);
            return new WireEnvelope(WireParts.NodeOf(wire.From), WireParts.NodeOf(wire.To), RoleOf(wire.Role), message);
        }
        catch (Exception exception) when (exception is WireException or InvalidProtocolBufferException)
        {
            Interlocked.Increment(ref s_refused);
            throw new SerializationException(exception.Message, exception);
        }
    }

    private static WireEnvelope EnvelopeOf(object message) =>
        message as WireEnvelope ?? throw new SerializationException($"A {message.GetType().FullName} is marked as a message between nodes and is none that this serializer knows.");

    private static NodeRoles RoleOf(int role) =>
        (NodeRoles)role is NodeRoles.Coordinator or NodeRoles.Worker or NodeRoles.ParameterServer ? (NodeRoles)role : throw new WireException($"{role} is no role.");
}
