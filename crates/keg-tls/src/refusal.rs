//! Servers that don't take the client's certificate.

use std::io;

use rustls::{AlertDescription, Error};

/// The alert by which a server has refused the client's certificate, or that it has none, if that is what an error of
/// reading or writing is.
///
/// With TLS 1.3 the handshake is over for the client before the server has seen its certificate (RFC 8446, 4.4.2.4): the
/// refusal is what the first read finds. With TLS 1.2 the handshake itself fails: see
/// [`HandshakeError::certificate_refused`](crate::HandshakeError::certificate_refused).
pub fn certificate_refused(error: &io::Error) -> Option<AlertDescription> {
    match error.get_ref()?.downcast_ref::<Error>()? {
        Error::AlertReceived(alert) => of_certificate(*alert),
        _ => None,
    }
}

/// The alerts of RFC 8446, 6.2, that are about a certificate.
pub(crate) fn of_certificate(alert: AlertDescription) -> Option<AlertDescription> {
    matches!(
        alert,
        AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::CertificateRequired
    )
    .then_some(alert)
}
