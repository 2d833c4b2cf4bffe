//! What a connection to a backend needs to be TLS.

mod unverified;

use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};

use crate::client::unverified::Unverified;
use crate::{BuildError, CertificateInfo, Identity, Settings, TrustBundle, Versions, provider};

/// The settings of a TLS client: whom it trusts, who it is, and its versions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientTls {
    trust: Option<TrustBundle>,
    insecure_skip_verify: bool,
    identity: Option<Identity>,
    versions: Versions,
}

impl ClientTls {
    /// Trusts Mozilla's certificate authorities (the same on every platform), shows no certificate, and speaks both
    /// versions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts this bundle, and no longer Mozilla's.
    #[must_use]
    pub fn trust(mut self, bundle: TrustBundle) -> Self {
        self.trust = Some(bundle);
        self
    }

    /// Whether to accept any certificate: no chain, no host name, no validity is checked then, so whoever is on the way
    /// can pose as the server. That the server holds the key of the certificate it shows is still checked.
    #[must_use]
    pub fn insecure_skip_verify(mut self, skip: bool) -> Self {
        self.insecure_skip_verify = skip;
        self
    }

    /// The certificate to show to a server that asks for one.
    #[must_use]
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Which versions are spoken. Both, if this is not called.
    #[must_use]
    pub fn versions(mut self, versions: Versions) -> Self {
        self.versions = versions;
        self
    }

    /// What the certificate says that is shown to a server that asks for one; none if there is none.
    pub fn certificate(&self) -> Option<&CertificateInfo> {
        self.identity.as_ref().map(Identity::info)
    }

    /// The configuration that rustls takes.
    ///
    /// # Errors
    /// When rustls refuses the settings.
    pub fn build(&self) -> Result<Arc<ClientConfig>, BuildError> {
        let builder =
            ClientConfig::builder_with_provider(provider()).with_protocol_versions(self.versions.supported())?;
        let builder = if self.insecure_skip_verify {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Unverified::new(&provider())))
        } else {
            builder.with_root_certificates(self.trust.as_ref().map_or_else(mozilla, TrustBundle::roots))
        };
        Ok(Arc::new(match &self.identity {
            Some(identity) => {
                let shown: Arc<dyn ResolvesClientCert> =
                    Arc::new(SingleCertAndKey::from(Arc::clone(identity.certified())));
                builder.with_client_cert_resolver(shown)
            }
            None => builder.with_no_client_auth(),
        }))
    }
}

impl Settings for ClientTls {
    type Config = ClientConfig;

    fn build(&self) -> Result<Arc<ClientConfig>, BuildError> {
        Self::build(self)
    }
}

fn mozilla() -> Arc<RootCertStore> {
    Arc::new(RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()))
}
