//! The first bytes of a connection: a TLS hello and its SNI, or something else. No I/O.

mod message;
mod sniff;

use std::ops::ControlFlow;

pub use crate::hello::message::Malformed;
pub use crate::hello::sniff::{Plaintext, Sniffed, sniff};

/// How long a hello may be, if nothing else is configured: 20 KiB. A hello with a post-quantum key share has about 1.5
/// KiB.
pub const DEFAULT_MAX_HELLO: usize = 20 * 1024;

const RECORD_HEADER: usize = 5;
const RECORD_MAX: usize = 1 << 14;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;

/// Reads the first bytes of a connection as they come, split anywhere, over as many TLS records as there are.
///
/// ```
/// use keg_tls::{DEFAULT_MAX_HELLO, HelloReader, Outcome, Plaintext};
///
/// let mut reader = HelloReader::new(DEFAULT_MAX_HELLO);
/// assert_eq!(reader.push(b"GE"), None);
/// assert_eq!(reader.push(b"T /metrics"), Some(Outcome::NotTls(Plaintext::Http)));
/// ```
///
/// It keeps the handshake message only, not the bytes it was pushed: the caller has those.
#[derive(Debug, Clone)]
pub struct HelloReader {
    max: usize,
    seen: usize,
    head: Vec<u8>,
    is_tls: bool,
    fragment_left: usize,
    message: Vec<u8>,
    outcome: Option<Outcome>,
}

/// What the first bytes of a connection are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A whole TLS hello.
    Hello(Hello),
    /// Not TLS, from the first bytes on.
    NotTls(Plaintext),
    /// A TLS hello that is longer than the limit.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// TLS at first, and then not a hello.
    Malformed(Malformed),
}

/// What a TLS hello says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hello {
    /// The server name, in lower case, without a dot at its end. `None` if the client sent none, or an IP address,
    /// which RFC 6066 does not allow and which counts as none.
    pub server_name: Option<String>,
}

impl HelloReader {
    /// A reader that gives up on a hello of more than `max` bytes, record headers included. A limit under 64 bytes,
    /// which no hello fits, is taken as 64.
    pub fn new(max: usize) -> Self {
        Self {
            max: max.max(64),
            seen: 0,
            head: Vec::new(),
            is_tls: false,
            fragment_left: 0,
            message: Vec::new(),
            outcome: None,
        }
    }

    /// Takes the bytes that follow those of the last call. `None` asks for more; an outcome stays what it is, whatever
    /// else is pushed.
    pub fn push(&mut self, bytes: &[u8]) -> Option<Outcome> {
        if self.outcome.is_none()
            && let ControlFlow::Break(outcome) = self.advance(bytes)
        {
            self.outcome = Some(outcome);
            self.message = Vec::new();
        }
        self.outcome.clone()
    }

    pub(crate) fn max(&self) -> usize {
        self.max
    }

    fn advance(&mut self, mut bytes: &[u8]) -> ControlFlow<Outcome> {
        while let Some((&byte, after)) = bytes.split_first() {
            if self.seen >= self.max {
                return self.too_large();
            }
            if self.fragment_left == 0 {
                self.seen += 1;
                bytes = after;
                self.header_byte(byte)?;
                continue;
            }
            let taken = bytes.len().min(self.fragment_left).min(self.max - self.seen);
            let (fragment, after) = bytes.split_at_checked(taken).unwrap_or((bytes, &[]));
            self.message.extend_from_slice(fragment);
            self.fragment_left -= taken;
            self.seen += taken;
            bytes = after;
            self.check_message()?;
        }
        if self.seen >= self.max {
            self.too_large()
        } else {
            ControlFlow::Continue(())
        }
    }

    fn header_byte(&mut self, byte: u8) -> ControlFlow<Outcome> {
        self.head.push(byte);
        if !self.is_tls {
            match sniff(&self.head) {
                Sniffed::NeedMore => return ControlFlow::Continue(()),
                Sniffed::Plaintext(protocol) => return ControlFlow::Break(Outcome::NotTls(protocol)),
                Sniffed::Tls => self.is_tls = true,
            }
        }
        match *self.head.as_slice() {
            [kind, ..] if kind != HANDSHAKE => malformed(Malformed::RecordType(kind)),
            [_, major, ..] if major != 3 => malformed(Malformed::RecordVersion(major)),
            [_, _, _, high, low] => {
                let length = usize::from(u16::from_be_bytes([high, low]));
                if length == 0 || length > RECORD_MAX {
                    return malformed(Malformed::RecordLength(length));
                }
                self.fragment_left = length;
                self.head.clear();
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn check_message(&mut self) -> ControlFlow<Outcome> {
        match *self.message.as_slice() {
            [kind, ..] if kind != CLIENT_HELLO => malformed(Malformed::NotAHello(kind)),
            [_, high, middle, low, ref body @ ..] => {
                let length = usize::try_from(u32::from_be_bytes([0, high, middle, low])).unwrap_or(usize::MAX);
                if length > self.max - RECORD_HEADER {
                    return self.too_large();
                }
                if body.len() < length {
                    return ControlFlow::Continue(());
                }
                // The hello ends its flight, so nothing may follow it in its last record (RFC 8446 section 5.1).
                if body.len() > length || self.fragment_left > 0 {
                    return malformed(Malformed::Trailing("the hello's record"));
                }
                ControlFlow::Break(match message::server_name(body) {
                    Ok(server_name) => Outcome::Hello(Hello { server_name }),
                    Err(reason) => Outcome::Malformed(reason),
                })
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn too_large(&self) -> ControlFlow<Outcome> {
        ControlFlow::Break(Outcome::TooLarge { limit: self.max })
    }
}

fn malformed(reason: Malformed) -> ControlFlow<Outcome> {
    ControlFlow::Break(Outcome::Malformed(reason))
}

#[cfg(test)]
mod tests;
