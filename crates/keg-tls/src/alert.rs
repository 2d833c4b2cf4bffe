//! Telling a TLS client why it is turned away before a handshake has begun.

use rustls::AlertDescription;

/// One TLS record with a fatal alert, to write before closing a connection whose hello was peeked at but that goes
/// nowhere.
///
/// Until a handshake has answered the hello, alerts are not encrypted (RFC 8446 section 6), so the seven bytes can be
/// written as they are: a client then reports `unrecognized_name` instead of a connection reset.
pub fn fatal_alert(description: AlertDescription) -> [u8; 7] {
    const ALERT: u8 = 21;
    const FATAL: u8 = 2;
    [ALERT, 3, 3, 0, 2, FATAL, u8::from(description)]
}
