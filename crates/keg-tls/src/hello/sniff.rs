//! Protocols told apart by their first bytes.

use std::fmt;

/// What a connection speaks, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniffed {
    /// These bytes are the beginning of more than one protocol.
    NeedMore,
    /// A TLS handshake record.
    Tls,
    /// Something that is not TLS.
    Plaintext(Plaintext),
}

/// What a connection without TLS speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Plaintext {
    /// A Kafka request: its length comes first, and that is under 16 MiB for whatever a client may begin with.
    Kafka,
    /// An HTTP request, of version 1 or 2.
    Http,
    /// The PROXY protocol, version 1 or 2, that a load balancer puts in front.
    ProxyProtocol,
    /// Nothing that is known here.
    Unknown,
}

const HTTP: [&[u8]; 10] = [
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"CONNECT ",
    b"OPTIONS ",
    b"TRACE ",
    b"PATCH ",
    b"PRI * HTTP/2",
];
const PROXY_PROTOCOL: [&[u8]; 2] = [b"PROXY ", b"\r\n\r\n\0\r\nQUIT\n"];
const TLS: [&[u8]; 1] = [&[22, 3]];
const KAFKA: [&[u8]; 1] = [&[0]];

/// Tells what a connection speaks. At most twelve bytes are needed; one is, for Kafka, and two for TLS.
pub fn sniff(head: &[u8]) -> Sniffed {
    let mut open = head.is_empty();
    let mut begins = |patterns: &[&[u8]]| {
        open |= patterns.iter().any(|pattern| pattern.starts_with(head));
        patterns.iter().any(|pattern| head.starts_with(pattern))
    };
    if begins(&TLS) {
        Sniffed::Tls
    } else if begins(&KAFKA) {
        Sniffed::Plaintext(Plaintext::Kafka)
    } else if begins(&HTTP) {
        Sniffed::Plaintext(Plaintext::Http)
    } else if begins(&PROXY_PROTOCOL) {
        Sniffed::Plaintext(Plaintext::ProxyProtocol)
    } else if open {
        Sniffed::NeedMore
    } else {
        Sniffed::Plaintext(Plaintext::Unknown)
    }
}

impl fmt::Display for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kafka => "Kafka without TLS",
            Self::Http => "HTTP",
            Self::ProxyProtocol => "the PROXY protocol",
            Self::Unknown => "an unknown protocol",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_told_apart_by_as_few_bytes_as_can_be() {
        let check = |head: &[u8], needed: usize, expect: Sniffed| {
            for length in 0..needed {
                assert_eq!(sniff(&head[..length]), Sniffed::NeedMore, "{length} bytes of {head:?}");
            }
            for length in needed..=head.len() {
                assert_eq!(sniff(&head[..length]), expect, "{length} bytes of {head:?}");
            }
        };
        let plaintext = Sniffed::Plaintext;
        check(&[22, 3, 1, 2, 0], 2, Sniffed::Tls);
        check(&[0, 0, 0, 24, 0, 18], 1, plaintext(Plaintext::Kafka));
        check(b"GET / HTTP/1.1\r\n", 4, plaintext(Plaintext::Http));
        check(b"OPTIONS * HTTP/1.1\r\n", 8, plaintext(Plaintext::Http));
        check(b"PRI * HTTP/2.0\r\n\r\nSM", 12, plaintext(Plaintext::Http));
        check(b"PROXY TCP4 192.0.2.1", 6, plaintext(Plaintext::ProxyProtocol));
        check(b"\r\n\r\n\0\r\nQUIT\n\x21\x11", 12, plaintext(Plaintext::ProxyProtocol));
        check(b"SSH-2.0-OpenSSH", 1, plaintext(Plaintext::Unknown));
        check(b"GETTING", 4, plaintext(Plaintext::Unknown));
        check(&[22, 4, 0], 2, plaintext(Plaintext::Unknown));
        check(&[0x80, 46, 1, 3, 1], 1, plaintext(Plaintext::Unknown));
    }
}
