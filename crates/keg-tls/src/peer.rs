//! Who is at the other end of a connection.

use std::time::SystemTime;

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
    let (_, connection) = stream.get_ref();
    // rustls has them only once its verifier has said yes, or from a session for which it did.
    let Some(leaf) = connection.peer_certificates().and_then(<[_]>::first) else {
        return Ok(None);
    };
    let info = CertificateInfo::from_der(leaf)?;
    match (info.not_before..=info.not_after).contains(&now) {
        true => Ok(Some(info)),
        false => Err(CertificateError::NotValidNow),
    }
}
