//! SASL in Kafka's requests, without a client around them.

use std::net::TcpStream;
use std::time::Duration;

use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey};

use crate::ask::{hear, say, send};

/// The version of both requests: no field of it has a length that varies.
const VERSION: i16 = 1;

/// What comes of a token.
pub(crate) struct Told {
    pub(crate) error: i64,
    /// The server's token.
    pub(crate) token: String,
    pub(crate) lifetime: Duration,
}

/// Asks for a mechanism, and gives the error code.
pub(crate) fn handshake(client: &mut TcpStream, mechanism: &str) -> i64 {
    let api = Api::of(ApiKey::SASL_HANDSHAKE).unwrap();
    let name = [&[0, mechanism.len() as u8], mechanism.as_bytes()].concat();
    let answer = say(client, api, VERSION, &name).unwrap();
    integer(&Struct::read(&api.response, VERSION, &answer).unwrap(), "ErrorCode")
}

/// Sends a token, and doesn't wait for what comes of it.
pub(crate) fn show(client: &mut TcpStream, token: &[u8]) {
    let length = u32::try_from(token.len()).unwrap().to_be_bytes();
    let api = Api::of(ApiKey::SASL_AUTHENTICATE).unwrap();
    send(client, api, VERSION, &[&length, token].concat()).unwrap();
}

pub(crate) fn told(client: &mut TcpStream) -> Told {
    let api = Api::of(ApiKey::SASL_AUTHENTICATE).unwrap();
    let answer = hear(client, api, VERSION).unwrap();
    let answer = Struct::read(&api.response, VERSION, &answer).unwrap();
    Told {
        error: integer(&answer, "ErrorCode"),
        token: String::from_utf8(answer.bytes("AuthBytes").to_vec()).unwrap(),
        lifetime: Duration::from_millis(integer(&answer, "SessionLifetimeMs").try_into().unwrap()),
    }
}

/// Asks for PLAIN, and shows a password.
pub(crate) fn plain(client: &mut TcpStream, user: &str, password: &str) -> Told {
    assert_eq!(handshake(client, "PLAIN"), 0);
    show(client, format!("\0{user}\0{password}").as_bytes());
    told(client)
}

fn integer(answer: &Struct, name: &str) -> i64 {
    answer.get(name).and_then(Value::as_integer).unwrap()
}
