//! The look at a TLS hello.

use std::hint::black_box;

use keg_tls::{DEFAULT_MAX_HELLO, HelloReader, Outcome as Read};

use crate::{Outcome, Work};

const NAME: &str = "broker-1.team-a.kafka.example";
const SERVER_NAME: u16 = 0;
const KEY_SHARE: u16 = 51;
const PADDING: u16 = 21;

/// A hello with a post-quantum key share before its server name, as it comes in one read.
pub(crate) fn server_name() -> Outcome<Work> {
    let hello = hello()?;
    match HelloReader::new(DEFAULT_MAX_HELLO).push(&hello) {
        Some(Read::Hello(hello)) if hello.server_name.as_deref() == Some(NAME) => {}
        other => return Err(format!("the hello is read as {other:?}").into()),
    }
    Ok(Box::new(move || {
        black_box(HelloReader::new(DEFAULT_MAX_HELLO).push(&hello));
    }))
}

fn hello() -> Outcome<Vec<u8>> {
    let name = [&[0], &*sized16(NAME.as_bytes())?].concat();
    let extensions = [
        extension(KEY_SHARE, &[1; 1_200])?,
        extension(SERVER_NAME, &sized16(&name)?)?,
        extension(PADDING, &[0; 100])?,
    ];
    let mut body = vec![3, 3];
    body.extend([7; 32]); // random
    body.extend([0, 0, 2, 0x13, 1, 1, 0]); // no session, one cipher suite, no compression
    body.extend(sized16(&extensions.concat())?);
    let [_, length @ ..] = u32::try_from(body.len())?.to_be_bytes();
    let message = [&[1], &length[..], &body].concat();
    Ok([&[22, 3, 1], &*sized16(&message)?].concat())
}

fn extension(kind: u16, content: &[u8]) -> Outcome<Vec<u8>> {
    Ok([&kind.to_be_bytes(), &*sized16(content)?].concat())
}

fn sized16(content: &[u8]) -> Outcome<Vec<u8>> {
    Ok([&u16::try_from(content.len())?.to_be_bytes(), content].concat())
}
