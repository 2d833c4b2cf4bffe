//! A certificate chain and the private key that belongs to it.

use std::fmt;
use std::sync::Arc;

use rustls::sign::CertifiedKey;

use crate::{CertificateError, CertificateInfo, PemError, pem, provider};

/// A certificate chain, the certificate of its holder first, with its private key: a server's, or a client's.
///
/// An `Identity` exists only if its key belongs to its certificate. Two are equal when their chains are: a certificate
/// names its key, so equal chains mean equal keys. `Debug` shows the certificate's names and validity, and nothing of
/// the key.
#[derive(Clone)]
pub struct Identity {
    certified: Arc<CertifiedKey>,
    info: CertificateInfo,
}

impl Identity {
    /// From PEM texts, which may be one and the same text holding both.
    ///
    /// # Errors
    /// When either can't be read, or they don't belong together.
    pub fn from_pem(certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Result<Self, IdentityError> {
        let chain = pem::certificates(certificate).map_err(IdentityError::Certificate)?;
        let key = pem::private_key(key).map_err(IdentityError::Key)?;
        let leaf = chain.first().map(AsRef::as_ref).unwrap_or_default();
        let info = CertificateInfo::from_der(leaf)?;
        let key = provider()
            .key_provider
            .load_private_key(key)
            .map_err(|_| IdentityError::UnusableKey)?;
        let certified = CertifiedKey::new(chain, key);
        if certified.keys_match().is_err() {
            return Err(IdentityError::KeyMismatch { subject: info.subject });
        }
        Ok(Self {
            certified: Arc::new(certified),
            info,
        })
    }

    /// What the first certificate of the chain says.
    pub fn info(&self) -> &CertificateInfo {
        &self.info
    }

    pub(crate) fn certified(&self) -> &Arc<CertifiedKey> {
        &self.certified
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.certified.cert == other.certified.cert
    }
}

impl Eq for Identity {}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

/// Why a certificate and a key make no identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The certificate's PEM text.
    #[error("certificate: {0}")]
    Certificate(#[source] PemError),
    /// The private key's PEM text.
    #[error("key: {0}")]
    Key(#[source] PemError),
    /// The certificate itself.
    #[error("certificate: {0}")]
    Malformed(#[from] CertificateError),
    /// The private key is of no kind that can be used.
    #[error(
        "key: expected an RSA (2048 to 8192 bits), ECDSA (P-256, P-384, P-521) or Ed25519 private key, found something else"
    )]
    UnusableKey,
    /// The private key is another certificate's.
    #[error("the key does not belong to the certificate of `{subject}`, which is the first of its chain")]
    KeyMismatch {
        /// The subject of the first certificate.
        subject: String,
    },
}

#[cfg(test)]
mod tests {
    use rcgen::{CertifiedKey as Made, KeyPair, generate_simple_self_signed};

    use super::*;

    fn make(name: &str) -> Made<KeyPair> {
        generate_simple_self_signed([name.to_owned()]).unwrap()
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let error = Identity::from_pem(
            make("a.example").cert.pem(),
            make("a.example").signing_key.serialize_pem(),
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the key does not belong to the certificate of `CN=rcgen self signed cert`, which is the first of its chain"
        );
    }

    #[test]
    fn errors_name_the_half_that_is_wrong() {
        let made = make("a.example");
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let error = |certificate: &str, key: &str| Identity::from_pem(certificate, key).unwrap_err().to_string();
        let garbage = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");

        assert!(
            error(&key, &key)
                .starts_with("certificate: expected a `CERTIFICATE` section, found `PRIVATE KEY` at line 1")
        );
        assert!(
            error(&certificate, &certificate)
                .starts_with("key: expected a `PRIVATE KEY` section, found `CERTIFICATE` at line 1")
        );
        assert_eq!(
            error(&garbage("CERTIFICATE"), &key),
            "certificate: expected an X.509 certificate, found something else"
        );
        assert!(error(&certificate, &garbage("PRIVATE KEY")).starts_with("key: expected an RSA"));
    }

    #[test]
    fn equality_is_by_content_and_debug_shows_no_key() {
        let made = make("a.example");
        let both = format!("# reformatted\n{}{}", made.signing_key.serialize_pem(), made.cert.pem());
        let identity = Identity::from_pem(made.cert.pem(), made.signing_key.serialize_pem()).unwrap();
        assert_eq!(identity, Identity::from_pem(&both, &both).unwrap());
        let other = make("a.example");
        assert_ne!(
            identity,
            Identity::from_pem(other.cert.pem(), other.signing_key.serialize_pem()).unwrap()
        );

        let shown = format!("{identity:?}");
        assert!(
            shown.contains("a.example") && !shown.to_lowercase().contains("key"),
            "{shown}"
        );
    }
}
