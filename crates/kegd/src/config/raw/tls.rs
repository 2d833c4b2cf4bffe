//! TLS on both legs.

use std::collections::BTreeMap;

use super::super::decode::{At, NonEmpty, choice, entity};
use super::super::model::{CertificateName, ClientAuthenticationMode, TlsVersion};
use super::super::value::{Description, Name, Pem, PrincipalRules, SecretPem};
use super::Reference;

entity! {
    /// A certificate chain and its private key.
    Identity {
        /// The chain as PEM, the end-entity certificate first.
        certificate: Pem,
        /// The private key as PEM.
        key: SecretPem,
    }
}

entity! {
    /// TLS towards clients.
    TlsServer {
        /// The server's certificates; the client's SNI chooses among several.
        certificates: NonEmpty<Identity>,
        /// The TLS versions on offer.
        versions: Versions = {},
        /// Whether clients may also connect without TLS on the same ports.
        allow_plaintext: At<bool> = false,
        /// Whether clients show a certificate, and which are accepted.
        client_authentication: Option<ClientAuthentication>,
    }
}

entity! {
    /// The lowest and the highest TLS version.
    Versions {
        /// The lowest.
        min: At<ServerVersion> = "TLSv1.2",
        /// The highest.
        max: ServerVersion = "TLSv1.3",
    }
}

/// A TLS version as a listener names it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ServerVersion {
    Tls12,
    Tls13,
}

choice! {
    ServerVersion {
        "TLSv1.2" => Tls12,
        "TLSv1.3" => Tls13,
    }
}

impl From<ServerVersion> for TlsVersion {
    fn from(version: ServerVersion) -> Self {
        match version {
            ServerVersion::Tls12 => Self::Tls12,
            ServerVersion::Tls13 => Self::Tls13,
        }
    }
}

choice! {
    TlsVersion {
        "tls12" => Tls12,
        "tls13" => Tls13,
    }
}

entity! {
    /// Certificates of clients.
    ClientAuthentication {
        /// Whether a client must have a certificate.
        mode: ClientAuthenticationMode,
        /// The CAs that a client's certificate must come from.
        tls_trust_bundles: NonEmpty<Reference>,
        /// Who the holder of a certificate is: rules in the form of Kafka's `ssl.principal.mapping.rules`, of which the
        /// first that matches its name decides.
        principal_mapping: PrincipalRules = "DEFAULT",
        /// Which name of the certificate the rules are for: its subject, or one of its subject alternative names.
        principal_source: CertificateName = "subject",
    }
}

choice! {
    CertificateName {
        "subject" => Subject,
        "san_dns" => Dns,
        "san_uri" => Uri,
        "san_email" => Email,
    }
}

choice! {
    ClientAuthenticationMode {
        "required" => Required,
        "requested" => Requested,
    }
}

entity! {
    /// CAs under a name.
    TrustBundle {
        /// The name that listeners refer to.
        name: At<Name>,
        /// What it means, for people.
        description: Option<Description>,
        /// Labels, for people.
        labels: Option<BTreeMap<String, Description>>,
        /// The CAs.
        config: TrustBundleConfig,
    }
}

entity! {
    /// The CAs of a trust bundle.
    TrustBundleConfig {
        /// The CA certificates as PEM.
        trusted_ca: Pem,
    }
}
