//! The gateway's side of SASL in Kafka's requests (KIP-152, KIP-368), without I/O.

use std::time::Duration;

use bytes::Bytes;
use keg_auth::{Client, ClientStep, Waiting};
use keg_codec::message::{Struct, Value};
use keg_codec::{Api, ApiKey};

/// From this version of SaslHandshake on, tokens go in requests of their own (KIP-152).
const HANDSHAKE: i16 = 1;

/// From this version of SaslAuthenticate on, brokers say how long a session lasts (KIP-368).
const AUTHENTICATE: i16 = 1;

/// An authentication that has begun, and waits for the answer to its last question.
#[derive(Debug)]
pub(crate) struct Proof {
    state: State,
}

#[derive(Debug)]
enum State {
    Handshake(Box<Client>),
    Token(Waiting),
}

/// A request of the gateway's own.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) api: &'static Api,
    pub(crate) version: i16,
    pub(crate) body: Bytes,
}

/// What an answer leads to.
#[derive(Debug)]
pub(crate) enum Step {
    /// Another question.
    Ask(Question, Proof),
    /// The gateway is authenticated, for this time if not for ever.
    Proved(Option<Duration>),
    /// It is not, for this reason; a mechanism may want the broker to be told that this was understood.
    Refused(Question, String),
}

/// Why the gateway is not authenticated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProofError {
    /// The broker has decided against it.
    #[error("{0}")]
    Refused(String),
    /// There was no decision.
    #[error("{0}")]
    Undecided(String),
}

impl Proof {
    /// How many questions there are, if all goes well.
    pub(crate) fn questions(client: &Client) -> usize {
        1 + client.tokens()
    }

    /// The first question.
    pub(crate) fn begin(client: Client) -> Result<(Question, Self), ProofError> {
        let mechanism = client.mechanism().name();
        let question = question(ApiKey::SASL_HANDSHAKE, HANDSHAKE, "Mechanism", Value::text(mechanism))?;
        let state = State::Handshake(Box::new(client));
        Ok((question, Self { state }))
    }

    /// Takes the body of the answer.
    pub(crate) fn answer(self, body: &[u8]) -> Result<Step, ProofError> {
        match self.state {
            State::Handshake(client) => {
                check_handshake(body, client.mechanism().name())?;
                let (token, waiting) = client.begin();
                ask(token, waiting)
            }
            State::Token(waiting) => {
                let answer = read(ApiKey::SASL_AUTHENTICATE, AUTHENTICATE, body)?;
                check_token(&answer)?;
                let step = waiting.respond(answer.bytes("AuthBytes"));
                match step.map_err(|error| ProofError::Refused(error.to_string()))? {
                    ClientStep::Send(token, waiting) => ask(token, waiting),
                    ClientStep::Done => Ok(Step::Proved(lifetime(&answer))),
                    ClientStep::Refused(token, error) => Ok(Step::Refused(authenticate(token)?, error.to_string())),
                }
            }
        }
    }
}

fn ask(token: Vec<u8>, waiting: Waiting) -> Result<Step, ProofError> {
    let state = State::Token(waiting);
    Ok(Step::Ask(authenticate(token)?, Proof { state }))
}

fn authenticate(token: Vec<u8>) -> Result<Question, ProofError> {
    let token = Value::Bytes(token);
    question(ApiKey::SASL_AUTHENTICATE, AUTHENTICATE, "AuthBytes", token)
}

fn question(key: ApiKey, version: i16, field: &'static str, value: Value) -> Result<Question, ProofError> {
    let api = api(key)?;
    let mut request = Struct::new(api.request.fields, version);
    request.set(field, value);
    let body = request.write(&api.request, version).map_err(undecided)?;
    let body = Bytes::from(body);
    Ok(Question { api, version, body })
}

fn read(key: ApiKey, version: i16, body: &[u8]) -> Result<Struct, ProofError> {
    Struct::read(&api(key)?.response, version, body).map_err(undecided)
}

fn api(key: ApiKey) -> Result<&'static Api, ProofError> {
    Api::of(key).ok_or_else(|| ProofError::Undecided(format!("keg has no table for API {}", key.0)))
}

fn check_handshake(body: &[u8], mechanism: &str) -> Result<(), ProofError> {
    let answer = read(ApiKey::SASL_HANDSHAKE, HANDSHAKE, body)?;
    let reason = match error_code(&answer) {
        0 => return Ok(()),
        33 => {
            let offered = answer.get("Mechanisms").and_then(Value::as_array).unwrap_or_default();
            let offered: Vec<_> = offered.iter().filter_map(Value::as_text).collect();
            format!("it does not offer {mechanism}, but {}", offered.join(", "))
        }
        34 => "it does not want SASL here (error 34), or not yet again".to_owned(),
        code => format!("it answers the handshake with error {code}"),
    };
    Err(ProofError::Refused(reason))
}

fn check_token(answer: &Struct) -> Result<(), ProofError> {
    match error_code(answer) {
        0 => Ok(()),
        code => {
            let message = answer.get("ErrorMessage").and_then(Value::as_text).unwrap_or_default();
            // It goes to a log, and is the broker's to choose.
            let message: String = message.chars().take(1024).collect();
            Err(ProofError::Refused(format!("error {code}: {message:?}")))
        }
    }
}

fn error_code(answer: &Struct) -> i64 {
    answer.get("ErrorCode").and_then(Value::as_integer).unwrap_or(-1)
}

fn lifetime(answer: &Struct) -> Option<Duration> {
    let milliseconds = answer.get("SessionLifetimeMs").and_then(Value::as_integer)?;
    let milliseconds = u64::try_from(milliseconds).ok().filter(|it| *it > 0)?;
    Some(Duration::from_millis(milliseconds))
}

fn undecided(error: impl ToString) -> ProofError {
    ProofError::Undecided(error.to_string())
}
