//! Who is at the other end of a connection.

use std::fmt;
use std::time::SystemTime;

use rustls::pki_types::CertificateDer;

use crate::{CertificateError, CertificateInfo, ServerStream};

/// The certificate that a client has shown and that was verified against the listener's trust bundle, if it has shown
/// one. A listener with [`ClientAuth::None`](crate::ClientAuth::None) asks for none, and so there is none.
///
/// A client that resumes a session isn't verified again: what it showed when the session began is what counts, as long as
/// it is still valid.
///
/// # Errors
/// When the certificate can't be read, or isn't valid at this time. Nothing is known of such a client; it is not one
/// without a certificate.
pub fn client_certificate<IO>(
    stream: &ServerStream<IO>,
    now: SystemTime,
) -> Result<Option<CertificateInfo>, CertificateError> {
    match PeerChain::of(stream) {
        Some(chain) => chain.leaf(now).map(Some),
        None => Ok(None),
    }
}

/// The certificates that a client has shown and that were verified, its own one first.
///
/// Whoever keeps them can ask [`ServerTls::admits`](crate::ServerTls::admits) later if other settings would let the client
/// in, too.
#[derive(Clone, PartialEq, Eq)]
pub struct PeerChain(Box<[CertificateDer<'static>]>);

impl PeerChain {
    /// What the client of a connection has shown, if anything.
    pub fn of<IO>(stream: &ServerStream<IO>) -> Option<Self> {
        let (_, connection) = stream.get_ref();
        // rustls has them only once its verifier has said yes, or from a session for which it did.
        let shown = connection.peer_certificates()?;
        (!shown.is_empty()).then(|| Self(shown.into()))
    }

    /// What the client's own certificate says.
    ///
    /// # Errors
    /// When it can't be read, or isn't valid at this time.
    pub fn leaf(&self, now: SystemTime) -> Result<CertificateInfo, CertificateError> {
        let leaf = self.0.first().ok_or(CertificateError::Malformed)?;
        let info = CertificateInfo::from_der(leaf)?;
        match (info.not_before..=info.not_after).contains(&now) {
            true => Ok(info),
            false => Err(CertificateError::NotValidNow),
        }
    }

    pub(crate) fn certificates(&self) -> Option<(&CertificateDer<'static>, &[CertificateDer<'static>])> {
        self.0.split_first()
    }
}

impl fmt::Debug for PeerChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerChain")
            .field("certificates", &self.0.len())
            .finish()
    }
}
