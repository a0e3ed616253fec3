namespace DistRnn.Cluster;

/// <summary>
/// Mutual TLS of the control and data planes. Every node presents its certificate, and accepts those that the authority has signed; host names are
/// not compared, since nodes move.
/// </summary>
public sealed record TlsOptions
{
    /// <summary>The PFX file of this node's certificate and private key.</summary>
    public required string CertificateFile { get; init; }

    /// <summary>The file whose first line is the password of the PFX file; empty where it has none.</summary>
    public string PasswordFile { get; init; } = "";

    /// <summary>The PEM file of the authority that signs the certificates of this cluster and of nothing else.</summary>
    public required string AuthorityFile { get; init; }
}
