//! The certificate authorities that a peer's certificate may come from.

use std::fmt;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use crate::{PemError, pem};

/// One or more certificate authorities. Equal when they hold the same certificates in the same order.
#[derive(Clone)]
pub struct TrustBundle {
    certificates: Vec<CertificateDer<'static>>,
    roots: Arc<RootCertStore>,
}

impl TrustBundle {
    /// All certificates of a PEM text; each of them is trusted.
    ///
    /// # Errors
    /// When the text can't be read, holds no certificate, or one of them can't be a trust anchor.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Self, TrustError> {
        let certificates = pem::certificates(pem)?;
        let mut roots = RootCertStore::empty();
        for (position, certificate) in certificates.iter().enumerate() {
            roots
                .add(certificate.clone())
                .map_err(|_| TrustError::NoAnchor { position: position + 1 })?;
        }
        Ok(Self {
            certificates,
            roots: Arc::new(roots),
        })
    }

    /// Trusts what another bundle trusts, too.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.certificates.extend(other.certificates.iter().cloned());
        Arc::make_mut(&mut self.roots).extend(other.roots.roots.iter().cloned());
        self
    }

    pub(crate) fn roots(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.roots)
    }
}

impl PartialEq for TrustBundle {
    fn eq(&self, other: &Self) -> bool {
        self.certificates == other.certificates
    }
}

impl Eq for TrustBundle {}

impl fmt::Debug for TrustBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustBundle")
            .field("certificates", &self.certificates.len())
            .finish()
    }
}

/// Why a PEM text is no trust bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The PEM text.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// A certificate that nothing can be verified against.
    #[error("certificate {position} of the bundle is no X.509 certificate that can be trusted")]
    NoAnchor {
        /// Which one, counted from 1.
        position: usize,
    },
}

#[cfg(test)]
mod tests {
    use rcgen::generate_simple_self_signed;

    use super::*;

    #[test]
    fn a_bundle_is_all_or_nothing() {
        let pem = || {
            generate_simple_self_signed(["a.example".to_owned()])
                .unwrap()
                .cert
                .pem()
        };
        let (first, second) = (pem(), pem());
        let both = TrustBundle::from_pem(format!("{first}{second}")).unwrap();
        assert_eq!(
            both,
            TrustBundle::from_pem(&first)
                .unwrap()
                .and(&TrustBundle::from_pem(&second).unwrap())
        );
        assert_ne!(both, TrustBundle::from_pem(&first).unwrap());

        let broken = format!("{first}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        assert_eq!(TrustBundle::from_pem(broken), Err(TrustError::NoAnchor { position: 2 }));
        assert!(matches!(
            TrustBundle::from_pem(""),
            Err(TrustError::Pem(PemError::NoCertificate { .. }))
        ));
    }
}
