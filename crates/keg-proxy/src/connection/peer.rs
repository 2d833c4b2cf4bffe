//! What is known of a client before it sends a request.

use std::time::SystemTime;

use keg_auth::Peer;

use super::Ended;
use crate::stream::Stream;

/// The peer, with the subject of its certificate if it has shown one: who it is by that, or what conditions see of it.
///
/// A certificate that can't be used ends the connection: its holder isn't taken for somebody without one.
pub(super) fn of(stream: &Stream) -> Result<Peer, Ended> {
    let Stream::Server(stream) = stream else {
        return Ok(Peer::default());
    };
    let shown = keg_tls::client_certificate(stream, SystemTime::now());
    let shown =
        shown.map_err(|error| Ended::because("authentication", format!("the client's certificate: {error}")))?;
    // A certificate may name its holder only beside its subject, which is then empty: it is nobody's name.
    let subject = shown.map(|info| info.subject).filter(|subject| !subject.is_empty());
    Ok(Peer {
        certificate: subject.map(Into::into),
    })
}
