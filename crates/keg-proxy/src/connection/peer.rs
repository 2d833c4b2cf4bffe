//! What is known of a client before it sends a request.

use std::sync::Arc;
use std::time::SystemTime;

use keg_auth::{Peer, PeerCertificate};
use keg_tls::CertificateInfo;

use super::Ended;
use crate::certificate::CertificateMapping;
use crate::stream::Stream;

/// A client, before it has said anything.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Who it is by its certificate.
    pub(super) peer: Peer,
    /// The subject of its certificate, for conditions; empty if there is none.
    pub(super) subject: Arc<str>,
}

/// What a client's certificate says of it, if it has shown one.
///
/// A certificate that can't be used ends the connection: its holder isn't taken for somebody without one.
pub(super) fn of(stream: &Stream, mapping: &CertificateMapping) -> Result<Known, Ended> {
    let Stream::Server(stream) = stream else {
        return Ok(Known::default());
    };
    let shown = keg_tls::client_certificate(stream, SystemTime::now());
    let shown =
        shown.map_err(|error| Ended::because("authentication", format!("the client's certificate: {error}")))?;
    Ok(shown.map_or_else(Known::default, |info| known(&info, mapping)))
}

fn known(info: &CertificateInfo, mapping: &CertificateMapping) -> Known {
    let certificate = match mapping.principal(info) {
        Some(principal) => PeerCertificate::Named(principal.into()),
        None => PeerCertificate::Unmapped(described(info).into()),
    };
    Known {
        peer: Peer {
            certificate: Some(certificate),
        },
        subject: info.subject.as_str().into(),
    }
}

/// All the names of a certificate, for whoever has to write rules for it.
fn described(info: &CertificateInfo) -> String {
    let mut described = info.subject.clone();
    for (kind, names) in [("DNS", &info.dns_names), ("URI", &info.uris), ("e-mail", &info.emails)] {
        for name in names {
            let separator = if described.is_empty() { "" } else { "; " };
            described.push_str(&format!("{separator}{kind} {name}"));
        }
    }
    described
}
