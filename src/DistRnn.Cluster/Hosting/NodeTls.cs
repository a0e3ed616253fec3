using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Akka.Remote.Transport.DotNetty;
using DistRnn.Numerics;

namespace DistRnn.Cluster;

/// <summary>
/// Mutual TLS of a node, for its control and data connections alike: both sides present a certificate, and each accepts what the cluster's own authority
/// has signed, whatever host it names.
/// </summary>
internal sealed class NodeTls : IDisposable
{
    private readonly X509Certificate2 _certificate;
    private readonly X509Certificate2Collection _authorities = [];

    private NodeTls(TlsOptions options)
    {
        var password = options.PasswordFile.Length == 0 ? "" : File.ReadLines(options.PasswordFile).FirstOrDefault("").Trim();
        _certificate = X509CertificateLoader.LoadPkcs12FromFile(options.CertificateFile, password);
        _authorities.ImportFromPemFile(options.AuthorityFile);
    }

    /// <summary>Reads the files.</summary>
    /// <param name="options">Where they are; null for no TLS.</param>
    /// <exception cref="InvalidInputException">A file is not what it should be.</exception>
    public static NodeTls? Of(TlsOptions? options)
    {
        if (options is null)
            return null;
        try
        {
            var tls = new NodeTls(options);
            if (!tls._certificate.HasPrivateKey)
                throw new InvalidInputException($"tls.certificate {options.CertificateFile} has no private key. It is a PFX file of this node's certificate with its key.");
            return tls._authorities.Count > 0 ? tls : throw new InvalidInputException($"tls.authority {options.AuthorityFile} holds no certificate. It is a PEM file of the authority that signs the nodes' certificates.");
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"The files of tls ({options.CertificateFile}, {options.AuthorityFile}) cannot be used: {exception.Message}", exception);
        }
    }

    /// <summary>What Akka's transport is set up with.</summary>
    public DotNettySslSetup ForAkka() => new(_certificate, false, true, (certificate, _, _, _, _) => IsSigned(certificate));

    /// <summary>Wraps a data connection.</summary>
    /// <param name="stream">The connection.</param>
    /// <param name="isAccepting">Whether this side accepted it.</param>
    /// <param name="peer">The other side, for the protocol's name field only.</param>
    /// <returns>The secured stream.</returns>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The other side has no certificate of the cluster.</exception>
    public Stream Secure(Stream stream, bool isAccepting, string peer)
    {
        var secured = new SslStream(stream, leaveInnerStreamOpen: false, (_, certificate, _, _) => IsSigned(certificate));
        if (isAccepting)
            secured.AuthenticateAsServer(new SslServerAuthenticationOptions { ServerCertificate = _certificate, ClientCertificateRequired = true, CertificateRevocationCheckMode = X509RevocationMode.NoCheck });
        else
            secured.AuthenticateAsClient(new SslClientAuthenticationOptions { TargetHost = "distrnn", ClientCertificates = [_certificate], CertificateRevocationCheckMode = X509RevocationMode.NoCheck });
        return secured;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _certificate.Dispose();
        foreach (var authority in _authorities)
            authority.Dispose();
    }

    private bool IsSigned(X509Certificate? certificate)
    {
        if (certificate is null)
            return false;
        using var presented = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(presented);
    }
}
