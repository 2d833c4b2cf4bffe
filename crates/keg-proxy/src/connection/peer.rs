//! What is known of a client before it sends a request.

use std::sync::Arc;
use std::time::SystemTime;

use keg_auth::{Peer, PeerCertificate};
use keg_tls::{CertificateInfo, PeerChain};

use super::Ended;
use crate::certified::{Shown, Terminating};
use crate::snapshot::ListenerTls;
use crate::stream::Stream;

/// A client, before it has said anything.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Who it is by its certificate.
    pub(super) peer: Peer,
    /// The subject of its certificate, for conditions; empty if there is none.
    pub(super) subject: Arc<str>,
    /// What it has shown to a listener with TLS.
    pub(super) shown: Option<Box<Shown>>,
}

/// What a client's certificate says of it, if it has shown one.
///
/// A certificate that can't be used ends the connection: its holder isn't taken for somebody without one.
pub(super) fn of(stream: &Stream, listener: Option<Box<Terminating>>) -> Result<Known, Ended> {
    let (Stream::Server(stream), Some(listener)) = (stream, listener) else {
        return Ok(Known::default());
    };
    let now = SystemTime::now();
    let chain = PeerChain::of(stream);
    let info = chain.as_ref().map(|chain| chain.leaf(now)).transpose();
    let info = info.map_err(|error| Ended::because("authentication", format!("the client's certificate: {error}")))?;
    Ok(Known {
        peer: Peer {
            certificate: info.as_ref().map(|info| certificate(info, &listener.tls)),
        },
        subject: info.map(|info| info.subject.into()).unwrap_or_default(),
        shown: Some(Box::new(Shown {
            chain,
            at: now,
            to: listener,
        })),
    })
}

fn certificate(info: &CertificateInfo, tls: &ListenerTls) -> PeerCertificate {
    match tls.mapping.principal(info) {
        Some(principal) => PeerCertificate::Named(principal.into()),
        None => PeerCertificate::Unmapped(described(info).into()),
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
