//! Who the gateway is to its brokers.

use std::time::Duration;

use keg_auth::scram::{Hash, Nonce};
use keg_auth::{Client, ClientStep, Secret, plain, scram};
use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey};

use super::metadata::exchange;
use crate::stream::Stream;

/// From this version of SaslHandshake on, tokens go in requests of their own (KIP-152).
const HANDSHAKE: i16 = 1;

/// From this version of SaslAuthenticate on, brokers say how long a session lasts (KIP-368).
const AUTHENTICATE: i16 = 1;

/// How many tokens an exchange has, at most.
const MAX_TOKENS: usize = 8;

/// What the gateway proves to the brokers of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credentials {
    /// With PLAIN.
    Plain {
        /// The user.
        username: String,
        /// Its password.
        password: Secret,
    },
    /// With SCRAM.
    Scram {
        /// The hash function, which is the mechanism's.
        hash: Hash,
        /// The user.
        username: String,
        /// Its password.
        password: Secret,
    },
}

impl Credentials {
    fn client(&self) -> Result<Client, String> {
        let client = match self.clone() {
            Self::Plain { username, password } => plain::Client::new(username, password).map(Client::Plain),
            Self::Scram {
                hash,
                username,
                password,
            } => {
                let nonce = Nonce::random().map_err(|error| error.to_string())?;
                scram::Client::new(hash, username, password, nonce).map(Client::Scram)
            }
        };
        client.map_err(|error| error.to_string())
    }
}

/// Authenticates a connection, and says how long that is good for, if not for ever.
pub(super) async fn authenticate(stream: &mut Stream, credentials: &Credentials) -> Result<Option<Duration>, String> {
    let client = credentials.client()?;
    handshake(stream, client.mechanism().name()).await?;
    let (mut token, mut waiting) = client.begin();
    for _ in 0..MAX_TOKENS {
        let answer = send(stream, token).await?;
        match waiting
            .respond(answer.bytes("AuthBytes"))
            .map_err(|error| error.to_string())?
        {
            ClientStep::Send(next, state) => (token, waiting) = (next, state),
            ClientStep::Done => {
                let lifetime = answer
                    .get("SessionLifetimeMs")
                    .and_then(Value::as_integer)
                    .unwrap_or_default();
                return Ok(u64::try_from(lifetime)
                    .ok()
                    .filter(|it| *it > 0)
                    .map(Duration::from_millis));
            }
            ClientStep::Refused(token, error) => {
                // It says no more than that.
                let _ = send(stream, token).await;
                return Err(error.to_string());
            }
        }
    }
    Err(format!("it has not decided after {MAX_TOKENS} tokens"))
}

async fn handshake(stream: &mut Stream, mechanism: &str) -> Result<(), String> {
    let api = Api::of(ApiKey::SASL_HANDSHAKE).ok_or("keg has no table for SaslHandshake")?;
    let mut request = Struct::new(api.request.fields, HANDSHAKE);
    request.set("Mechanism", Value::text(mechanism));
    let body = exchange(stream, api, HANDSHAKE, &request).await?;
    let response = Struct::read(&api.response, HANDSHAKE, &body).map_err(|error| error.to_string())?;
    match response.get("ErrorCode").and_then(Value::as_integer) {
        Some(0) => Ok(()),
        Some(33) => {
            let offered = response.get("Mechanisms").and_then(Value::as_array).unwrap_or_default();
            let offered: Vec<_> = offered.iter().filter_map(Value::as_text).collect();
            Err(format!("it does not offer {mechanism}, but {}", offered.join(", ")))
        }
        code => Err(format!("it answers the handshake with error {}", code.unwrap_or(-1))),
    }
}

async fn send(stream: &mut Stream, token: Vec<u8>) -> Result<Struct, String> {
    let api = Api::of(ApiKey::SASL_AUTHENTICATE).ok_or("keg has no table for SaslAuthenticate")?;
    let mut request = Struct::new(api.request.fields, AUTHENTICATE);
    request.set("AuthBytes", Value::Bytes(token));
    let body = exchange(stream, api, AUTHENTICATE, &request).await?;
    let response = Struct::read(&api.response, AUTHENTICATE, &body).map_err(|error| error.to_string())?;
    match response.get("ErrorCode").and_then(Value::as_integer) {
        Some(0) => Ok(response),
        code => {
            let message = response
                .get("ErrorMessage")
                .and_then(Value::as_text)
                .unwrap_or_default();
            Err(format!("error {}: {message}", code.unwrap_or(-1)))
        }
    }
}
