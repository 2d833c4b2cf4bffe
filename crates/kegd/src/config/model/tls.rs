//! TLS on both legs. PEM is kept as text: whoever builds from it parses it.

use std::sync::Arc;

use keg_proxy::CertificateMapping;

use super::super::secret::Secret;

/// A certificate chain and its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The chain as PEM, the end-entity certificate first.
    pub certificate: String,
    /// The private key as PEM.
    pub key: Secret,
}

/// A TLS protocol version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// The TLS versions that may be negotiated, both bounds included; `min <= max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsVersions {
    /// The lowest.
    pub min: TlsVersion,
    /// The highest.
    pub max: TlsVersion,
}

/// TLS towards clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsServer {
    /// At least one; the client's SNI chooses among several.
    pub certificates: Vec<Identity>,
    /// The versions on offer.
    pub versions: TlsVersions,
    /// Whether clients may also connect without TLS on the same ports.
    pub allow_plaintext: bool,
    /// Whether clients show a certificate, and which are accepted.
    pub client_authentication: Option<ClientAuthentication>,
}

/// Certificates of clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAuthentication {
    /// Whether a client must have a certificate.
    pub mode: ClientAuthenticationMode,
    /// The CAs that a client's certificate must come from; at least one.
    pub trust_bundles: Vec<Arc<TrustBundle>>,
    /// Who clients are by their certificates.
    pub mapping: CertificateMapping,
}

/// Whether a client must have a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthenticationMode {
    /// The handshake fails without one.
    Required,
    /// A client without one may connect.
    Requested,
}

/// CAs under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustBundle {
    /// The name that listeners refer to.
    pub name: String,
    /// The CA certificates as PEM.
    pub trusted_ca: String,
}
