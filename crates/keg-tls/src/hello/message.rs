//! The server name of a ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3).

use rustls::pki_types::ServerName;

const SERVER_NAME: u16 = 0;
const HOST_NAME: u8 = 0;

/// Reads a ClientHello's body as far as the server name, and the rest only for its lengths.
///
/// Everything else is the business of the server that terminates the connection, which may be the backend.
pub(super) fn server_name(body: &[u8]) -> Result<Option<String>, Malformed> {
    let mut hello = Reader(body, "the hello");
    hello.take(2 + 32)?;
    hello.short_block("the session id")?;
    hello.block("the cipher suites")?;
    hello.short_block("the compression methods")?;
    // A hello may end here: extensions came with TLS 1.2.
    if hello.0.is_empty() {
        return Ok(None);
    }
    let mut extensions = hello.block("the extensions")?;
    hello.end()?;

    let mut found = None;
    while !extensions.0.is_empty() {
        let kind = extensions.u16()?;
        let extension = extensions.block("an extension")?;
        if kind == SERVER_NAME && found.replace(extension).is_some() {
            return Err(Malformed::ServerName("more than one server name extension"));
        }
    }
    found.map_or(Ok(None), host_name)
}

fn host_name(mut extension: Reader<'_>) -> Result<Option<String>, Malformed> {
    let mut names = extension.block("the server names")?;
    extension.end()?;
    let mut found = None;
    while !names.0.is_empty() {
        if names.u8()? != HOST_NAME {
            // No other type is defined, so how long such a name is can't be known.
            break;
        }
        if found.replace(names.block("a server name")?).is_some() {
            return Err(Malformed::ServerName("more than one host name"));
        }
    }
    let Some(Reader(name, _)) = found else {
        return Err(Malformed::ServerName("no host name"));
    };
    match ServerName::try_from(name) {
        Ok(ServerName::DnsName(name)) => Ok(Some(name.as_ref().trim_end_matches('.').to_ascii_lowercase())),
        Ok(_) => Ok(None),
        Err(_) => Err(Malformed::ServerName("a host name that is no DNS name")),
    }
}

/// What is left of a length-prefixed part, and its name.
struct Reader<'a>(&'a [u8], &'static str);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed::Truncated(self.1))?;
        self.0 = rest;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8, Malformed> {
        let (&byte, rest) = self.0.split_first().ok_or(Malformed::Truncated(self.1))?;
        self.0 = rest;
        Ok(byte)
    }

    fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_be_bytes([self.u8()?, self.u8()?]))
    }

    fn short_block(&mut self, name: &'static str) -> Result<Self, Malformed> {
        let length = usize::from(self.u8()?);
        Ok(Self(self.take(length)?, name))
    }

    fn block(&mut self, name: &'static str) -> Result<Self, Malformed> {
        let length = usize::from(self.u16()?);
        Ok(Self(self.take(length)?, name))
    }

    fn end(&self) -> Result<(), Malformed> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Malformed::Trailing(self.1))
        }
    }
}

/// What is wrong with bytes that began as a TLS hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// A record that is no handshake record.
    #[error("expected a TLS handshake record (22), found a record of type {0}")]
    RecordType(u8),
    /// A record whose version does not begin with 3.
    #[error("expected a TLS record of version 3.x, found {0}.x")]
    RecordVersion(u8),
    /// A record of a length that TLS does not allow.
    #[error("expected a TLS record of 1 to 16384 bytes, found one of {0}")]
    RecordLength(usize),
    /// A handshake that begins with something else.
    #[error("expected a TLS ClientHello (1), found a handshake message of type {0}")]
    NotAHello(u8),
    /// A part that is shorter than its lengths say.
    #[error("{0} of the TLS hello ends too early")]
    Truncated(&'static str),
    /// A part that is longer than its lengths say.
    #[error("{0} goes on after its end")]
    Trailing(&'static str),
    /// The server name.
    #[error("the TLS hello holds {0}")]
    ServerName(&'static str),
}
