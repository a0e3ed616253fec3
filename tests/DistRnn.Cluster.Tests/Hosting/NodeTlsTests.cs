using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DistRnn.Numerics;
using DistRnn.Protocol;
using Xunit;

namespace DistRnn.Cluster.Tests;

/// <summary>Mutual TLS with an authority of the cluster's own, on control and data connections.</summary>
public sealed class NodeTlsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("distrnn-tls").FullName;

    [Fact]
    public async Task Nodes_OfOneAuthority_FindEachOther_AndAStrangerDoesNot()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var (ours, theirs) = (Authority("ours"), Authority("theirs"));
        var port = FreePort.Take(1)[0];
        await using var first = await StartAsync(NodeRoles.Coordinator, port, port, Node(ours, "one"));
        await using var second = await StartAsync(NodeRoles.Worker, 0, port, Node(ours, "two"));
        await using var stranger = await StartAsync(NodeRoles.Worker, 0, port, Node(theirs, "three"));
        await Task.WhenAll(first.WhenMemberAsync(cancellation), second.WhenMemberAsync(cancellation));
        Assert.Equal(2, Akka.Cluster.Cluster.Get(first.Parts.System).State.Members.Count);
        Assert.Empty(Akka.Cluster.Cluster.Get(stranger.Parts.System).State.Members);
        await stranger.StopAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Blob_OverDataConnections_ComesWhole(bool isSecured)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var authority = Authority("ours");
        using var holder = Link(isSecured ? Node(authority, "one") : null);
        using var asker = Link(isSecured ? Node(authority, "two") : null);
        var (from, to) = (BlobStore.Open(Path.Combine(_directory, "from")), BlobStore.Open(Path.Combine(_directory, "to")));
        holder.Exchange(from);
        var exchange = asker.Exchange(to);
        holder.Meet(asker.Endpoint, "127.0.0.1");
        asker.Meet(holder.Endpoint, "127.0.0.1");
        var bytes = new byte[(2 << 20) + 12_345];
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)(i * 31 + i / 4096);
        var blob = from.Put(bytes);
        Assert.Null(await exchange.FetchAsync(holder.Endpoint.Name, blob.Sha256, cancellation));
        Assert.Equal(bytes, to.Read(blob.Sha256).Bytes);
        Assert.Contains("not to be had", await exchange.FetchAsync(holder.Endpoint.Name, new string('0', 64), cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_CertificateWithoutKey_IsRefused()
    {
        var options = Node(Authority("ours"), "one");
        File.WriteAllBytes(options.CertificateFile, X509CertificateLoader.LoadPkcs12FromFile(options.CertificateFile, "").Export(X509ContentType.Cert));
        Assert.Throws<InvalidInputException>(() => NodeTls.Of(options));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static Task<ClusterNode> StartAsync(NodeRoles roles, int port, int seed, TlsOptions tls) =>
        ClusterNode.StartAsync(
            new NodeOptions { Roles = roles, HostName = "127.0.0.1", Port = port, SeedNodes = [new SeedNode("127.0.0.1", seed)], Failover = FailoverProfile.Fast, Tls = tls },
            DataEndpoint.None, _ => { }, _ => { }, TestContext.Current.CancellationToken);

    private static ClusterLink Link(TlsOptions? tls) => new(new NodeOptions { Roles = NodeRoles.None, HostName = "127.0.0.1", Tls = tls }, _ => { });

    private static (X509Certificate2 Certificate, string Name) Authority(string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return (request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30)), name);
    }

    private TlsOptions Node((X509Certificate2 Certificate, string Name) authority, string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var signed = request.Create(authority.Certificate, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(20), [1, 2, 3, (byte)name[0]]);
        using var whole = signed.CopyWithPrivateKey(key);
        var options = new TlsOptions { CertificateFile = Path.Combine(_directory, name + ".pfx"), AuthorityFile = Path.Combine(_directory, authority.Name + ".pem") };
        File.WriteAllBytes(options.CertificateFile, whole.Export(X509ContentType.Pfx));
        File.WriteAllText(options.AuthorityFile, authority.Certificate.ExportCertificatePem());
        return options;
    }
}
