//! What a listener needs to terminate TLS.

mod resolver;

use std::sync::Arc;
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::pki_types::UnixTime;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use crate::server::resolver::BySni;
use crate::{BuildError, HandshakeError, Identity, PeerChain, Settings, TrustBundle, Versions, provider};

/// The settings of a TLS server: its certificates, its versions, and what it asks of clients.
///
/// # Which certificate
/// The one with a DNS name equal to the client's SNI; else one with a wildcard for it (`*.a.example` covers
/// `b.a.example`, and nothing deeper); else the first. Among several for the same name, the first whose key the client
/// can verify, so an ECDSA and an RSA certificate can stand side by side. A client without SNI gets the first.
///
/// No ALPN is offered: Kafka has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTls {
    certificates: Vec<Identity>,
    versions: Versions,
    client_auth: ClientAuth,
}

impl ServerTls {
    /// With the certificate for clients that send no name, or one that no certificate has.
    pub fn new(default: Identity) -> Self {
        Self {
            certificates: vec![default],
            versions: Versions::default(),
            client_auth: ClientAuth::None,
        }
    }

    /// Adds a certificate for the names it holds.
    #[must_use]
    pub fn certificate(mut self, certificate: Identity) -> Self {
        self.certificates.push(certificate);
        self
    }

    /// Which versions are spoken. Both, if this is not called.
    #[must_use]
    pub fn versions(mut self, versions: Versions) -> Self {
        self.versions = versions;
        self
    }

    /// What is asked of clients. Nothing, if this is not called.
    #[must_use]
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.client_auth = client_auth;
        self
    }

    /// What is asked of clients.
    pub fn client_authentication(&self) -> &ClientAuth {
        &self.client_auth
    }

    /// The certificates, the default one first.
    pub fn certificates(&self) -> &[Identity] {
        &self.certificates
    }

    /// Whether a client that has shown this in a handshake with other settings would have been let in with these, at
    /// that time: so that a connection can be ended that is open only because it is an old one. What is shown to a server
    /// that asks for nothing is of no interest to it.
    ///
    /// # Errors
    /// When it wouldn't; as the handshake would have failed.
    pub fn admits(&self, shown: Option<&PeerChain>, at: SystemTime) -> Result<(), HandshakeError> {
        let refused = |error| Err(HandshakeError::Certificate(error));
        let verifier = self.client_auth.verifier();
        let verifier = verifier.map_err(|error| HandshakeError::Tls(rustls::Error::General(error.to_string())))?;
        let Some(verifier) = verifier else {
            return Ok(());
        };
        let Some((own, intermediates)) = shown.and_then(PeerChain::certificates) else {
            return match verifier.client_auth_mandatory() {
                true => refused(rustls::Error::NoCertificatesPresented),
                false => Ok(()),
            };
        };
        let at = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        match verifier.verify_client_cert(own, intermediates, UnixTime::since_unix_epoch(at)) {
            Ok(_) => Ok(()),
            Err(error) => refused(error),
        }
    }

    /// The configuration that rustls takes.
    ///
    /// Sessions are resumed only within one configuration: a client that was verified by an earlier one is verified
    /// again.
    ///
    /// # Errors
    /// When rustls refuses the settings.
    pub fn build(&self) -> Result<Arc<ServerConfig>, BuildError> {
        let builder =
            ServerConfig::builder_with_provider(provider()).with_protocol_versions(self.versions.supported())?;
        let builder = match self.client_auth.verifier()? {
            None => builder.with_no_client_auth(),
            Some(verifier) => builder.with_client_cert_verifier(verifier),
        };
        Ok(Arc::new(
            builder.with_cert_resolver(Arc::new(BySni::new(&self.certificates))),
        ))
    }
}

impl Settings for ServerTls {
    type Config = ServerConfig;

    fn build(&self) -> Result<Arc<ServerConfig>, BuildError> {
        Self::build(self)
    }
}

/// Whether clients show a certificate. One that is shown must come from the bundle in either case, as with Kafka's
/// `ssl.client.auth`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// Clients are not asked.
    #[default]
    None,
    /// Clients are asked, and may have none.
    Requested(TrustBundle),
    /// Clients without one are refused.
    Required(TrustBundle),
}

impl ClientAuth {
    /// Whether clients are asked for a certificate.
    pub fn asks(&self) -> bool {
        !matches!(self, Self::None)
    }

    fn verifier(&self) -> Result<Option<Arc<dyn ClientCertVerifier>>, BuildError> {
        let verifier = |trust: &TrustBundle| WebPkiClientVerifier::builder_with_provider(trust.roots(), provider());
        Ok(match self {
            Self::None => None,
            Self::Requested(trust) => Some(verifier(trust).allow_unauthenticated().build()?),
            Self::Required(trust) => Some(verifier(trust).build()?),
        })
    }
}
