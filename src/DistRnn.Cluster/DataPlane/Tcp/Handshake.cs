using System.Security.Cryptography;
using System.Text;

namespace DistRnn.Cluster;

/// <summary>Both sides of the greeting that a connection begins with; see <see cref="Greeting"/>.</summary>
internal static class Handshake
{
    /// <summary>Greets as the side that connects.</summary>
    /// <param name="channel">The fresh connection.</param>
    /// <param name="options">Name and secret.</param>
    /// <param name="peer">Whom this is meant to reach; a node of another name is refused.</param>
    /// <param name="creditBytes">What may be sent at first.</param>
    /// <returns>None, or why there is no connection.</returns>
    internal static RefusalReason Connect(FrameChannel channel, TcpDataPlaneOptions options, string peer, out long creditBytes)
    {
        creditBytes = 0;
        var deadline = Environment.TickCount64 + options.GreetingMs;
        var (name, nonce) = (Encoding.UTF8.GetBytes(options.Name), RandomNumberGenerator.GetBytes(Greeting.NonceBytes));
        Span<byte> hello = stackalloc byte[Greeting.BytesMax];
        hello = hello[..Greeting.Write(name, nonce, default, hello)];
        if (channel.Write(new DataHeader { Kind = DataKind.Hello }, hello) != ChannelResult.Done)
            return RefusalReason.Disconnected;
        var reason = Expect(channel, deadline, DataKind.Challenge, out _);
        if (reason != RefusalReason.None)
            return reason;
        if (!Greeting.TryRead(channel.Prefix, out var challenge) || !Greeting.TryRead(hello, out var own))
            return RefusalReason.BadGreeting;
        if (!challenge.Name.SequenceEqual(Encoding.UTF8.GetBytes(peer)))
            return RefusalReason.UnknownPeer;
        if (!IsProven(options.Secret, false, own, challenge.Name, challenge.Nonce, challenge.Proof))
            return RefusalReason.WrongSecret;
        var proof = options.Secret is { } secret ? Greeting.ProofOf(secret, true, own, challenge.Name, challenge.Nonce) : [];
        Span<byte> answer = stackalloc byte[Greeting.BytesMax];
        answer = answer[..Greeting.Write(name, nonce, proof, answer)];
        if (channel.Write(new DataHeader { Kind = DataKind.Proof }, answer) != ChannelResult.Done)
            return RefusalReason.Disconnected;
        reason = Expect(channel, deadline, DataKind.Welcome, out var welcome);
        creditBytes = welcome.Offset;
        return reason;
    }

    /// <summary>Greets as the side that accepts.</summary>
    /// <param name="channel">The fresh connection.</param>
    /// <param name="options">Name, secret and credit.</param>
    /// <param name="peer">Who it is, where it is welcome.</param>
    /// <returns>None, or why there is no connection; the other side has not been told yet.</returns>
    internal static RefusalReason Accept(FrameChannel channel, TcpDataPlaneOptions options, out string peer)
    {
        peer = "";
        var reason = Answer(channel, options, Environment.TickCount64 + options.GreetingMs, out var name);
        if (reason != RefusalReason.None)
            return reason;
        peer = name;
        return channel.Write(new DataHeader { Kind = DataKind.Welcome, Offset = options.CreditBytes }, default) == ChannelResult.Done ? RefusalReason.None : RefusalReason.Disconnected;
    }

    private static RefusalReason Answer(FrameChannel channel, TcpDataPlaneOptions options, long deadline, out string peer)
    {
        peer = "";
        var reason = Expect(channel, deadline, DataKind.Hello, out _);
        if (reason != RefusalReason.None)
            return reason;
        if (!Greeting.TryRead(channel.Prefix.ToArray(), out var hello) || hello.Proof.Length > 0)
            return RefusalReason.BadGreeting;
        var (name, nonce) = (Encoding.UTF8.GetBytes(options.Name), RandomNumberGenerator.GetBytes(Greeting.NonceBytes));
        var proof = options.Secret is { } secret ? Greeting.ProofOf(secret, false, hello, name, nonce) : [];
        Span<byte> challenge = stackalloc byte[Greeting.BytesMax];
        challenge = challenge[..Greeting.Write(name, nonce, proof, challenge)];
        if (channel.Write(new DataHeader { Kind = DataKind.Challenge }, challenge) != ChannelResult.Done)
            return RefusalReason.Disconnected;
        reason = Expect(channel, deadline, DataKind.Proof, out _);
        if (reason != RefusalReason.None)
            return reason;
        if (!Greeting.TryRead(channel.Prefix, out var answer) || !answer.Name.SequenceEqual(hello.Name) || !answer.Nonce.SequenceEqual(hello.Nonce))
            return RefusalReason.BadGreeting;
        if (!IsProven(options.Secret, true, hello, name, nonce, answer.Proof))
            return RefusalReason.WrongSecret;
        peer = hello.NameText();
        return RefusalReason.None;
    }

    private static bool IsProven(SharedSecret? secret, bool isConnecting, in Greeting connecting, ReadOnlySpan<byte> name, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> proof) =>
        secret is null ? proof.IsEmpty : Greeting.IsProof(proof, Greeting.ProofOf(secret, isConnecting, connecting, name, nonce));

    private static RefusalReason Expect(FrameChannel channel, long deadline, DataKind kind, out DataHeader header)
    {
        var reason = channel.ReadHeader(deadline, out header);
        if (reason != RefusalReason.None)
            return reason;
        if (header.Kind == DataKind.Refusal && header.Reason != RefusalReason.None)
            return header.Reason;
        return header.Kind == kind ? RefusalReason.None : RefusalReason.BadGreeting;
    }
}
