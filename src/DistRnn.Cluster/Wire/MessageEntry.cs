using DistRnn.Protocol;
using Google.Protobuf;
using IMessage = DistRnn.Protocol.IMessage;

namespace DistRnn.Cluster;

/// <summary>How one kind of message is written and read.</summary>
/// <param name="Manifest">Its name on the wire, with a version.</param>
/// <param name="Type">The protocol's record.</param>
/// <param name="Write">The message in the schema's form.</param>
/// <param name="Read">The message of bytes; throws where they are none.</param>
internal sealed record MessageEntry(string Manifest, Type Type, Func<IMessage, Google.Protobuf.IMessage> Write, Func<ReadOnlyMemory<byte>, IMessage> Read)
{
    /// <summary>An entry.</summary>
    /// <param name="manifest">The name on the wire.</param>
    /// <param name="parser">The schema's parser.</param>
    /// <param name="write">To the schema's form.</param>
    /// <param name="read">From the schema's form.</param>
    public static MessageEntry Of<TMessage, TWire>(string manifest, MessageParser<TWire> parser, Func<TMessage, TWire> write, Func<TWire, TMessage> read)
        where TMessage : class, IMessage
        where TWire : IMessage<TWire> =>
        new(manifest, typeof(TMessage), message => write((TMessage)message), bytes => read(parser.ParseFrom(bytes.Span)));
}
