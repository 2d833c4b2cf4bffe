//! SASL in Kafka's requests (KIP-43, KIP-152, KIP-368), without I/O.

use std::time::SystemTime;

use bytes::Bytes;
use keg_auth::jwt::Renewal;
use keg_auth::{AwaitingKeys, Chosen, Exchange, Failure, Handshake, Mechanism, Next, Session};
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey, ErrorCode};
use keg_policy::Response;

const UNSUPPORTED_SASL_MECHANISM: ErrorCode = ErrorCode(33);
const SASL_AUTHENTICATION_FAILED: ErrorCode = ErrorCode(58);

/// In version 0 of SaslHandshake tokens follow without Kafka's headers.
const FIRST_WITH_HEADERS: i16 = 1;

/// What a client and the gateway have said to each other.
#[derive(Debug)]
pub(crate) struct Conversation {
    state: State,
    /// Tokens come without headers.
    bare: bool,
}

#[derive(Debug)]
enum State {
    /// SaslHandshake is to come.
    Handshake(Handshake),
    /// Tokens are.
    Tokens(Exchange),
    /// Keys are, for a token that has come.
    Keys(Box<AwaitingKeys>),
    /// Nothing more.
    Over,
}

/// What comes of a client's request.
pub(crate) enum Said {
    /// Its answer takes keys, for which this is the wait. The conversation is to be resumed then.
    Waiting(Renewal),
    /// This is answered, and the client goes on.
    Answer(Response),
    /// This is answered, and the client is who the session says.
    Authenticated(Response, Session),
    /// This is answered, not at once, and the connection ends.
    Failed(Response, Failed),
}

/// Why a client isn't authenticated.
#[derive(Debug)]
pub(crate) enum Failed {
    Failure(Failure),
    /// A token without a mechanism, or a mechanism while there are tokens to come.
    OutOfOrder,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failure(failure) => failure.reason().fmt(f),
            Self::OutOfOrder => f.write_str("the client's SASL requests are out of order"),
        }
    }
}

/// Whether requests of this API are a part of such a conversation.
pub(crate) fn is_sasl(key: ApiKey) -> bool {
    matches!(key, ApiKey::SASL_HANDSHAKE | ApiKey::SASL_AUTHENTICATE)
}

impl Conversation {
    pub(crate) fn new(handshake: Handshake) -> Self {
        Self {
            state: State::Handshake(handshake),
            bare: false,
        }
    }

    /// One in which nothing more is said.
    pub(crate) fn over() -> Self {
        Self {
            state: State::Over,
            bare: false,
        }
    }

    /// Whether the client's next frame is a token, and nothing else.
    pub(crate) fn is_bare(&self) -> bool {
        self.bare && matches!(self.state, State::Tokens(_))
    }

    /// What was said so far if the client says nothing of SASL: nothing yet, or `None`.
    pub(crate) fn into_handshake(self) -> Option<Handshake> {
        match self.state {
            State::Handshake(handshake) => Some(handshake),
            State::Tokens(_) | State::Keys(_) | State::Over => None,
        }
    }

    /// Takes SaslHandshake or SaslAuthenticate.
    ///
    /// # Errors
    /// When the request is malformed.
    pub(crate) fn request(
        &mut self,
        api: &'static Api,
        version: i16,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Said, WalkError> {
        let request = Struct::read(&api.request, version, body)?;
        match (api.key, std::mem::replace(&mut self.state, State::Over)) {
            (ApiKey::SASL_HANDSHAKE, State::Handshake(handshake)) => self.handshake(api, version, &request, handshake),
            (ApiKey::SASL_AUTHENTICATE, State::Tokens(exchange)) => {
                let outcome = self.token(exchange, request.bytes("AuthBytes"), now);
                Authenticate { api, version }.told(outcome, now)
            }
            _ => {
                let words = "The SASL requests are out of order";
                let response = Response::error(api, version, body, ErrorCode::ILLEGAL_SASL_STATE, Some(words))?;
                Ok(Said::Failed(response, Failed::OutOfOrder))
            }
        }
    }

    /// Goes on with the token that keys were waited for, whether there are any now or not: the answer to the same request.
    ///
    /// # Errors
    /// When the answer can't be written.
    pub(crate) fn resume(&mut self, api: &'static Api, version: i16, now: SystemTime) -> Result<Said, WalkError> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Keys(waiting) => {
                let outcome = waiting.resume(now).and_then(|next| self.next(next, now));
                Authenticate { api, version }.told(outcome, now)
            }
            _ => Authenticate { api, version }
                .error(ErrorCode::ILLEGAL_SASL_STATE, "The SASL requests are out of order")
                .map(|response| Said::Failed(response, Failed::OutOfOrder)),
        }
    }

    /// Takes a token that comes without headers, and gives the one to answer; whoever fails gets none.
    pub(crate) fn bare_token(&mut self, token: &[u8], now: SystemTime) -> Result<Bare, Failed> {
        let outcome = match std::mem::replace(&mut self.state, State::Over) {
            State::Tokens(exchange) => self.token(exchange, token, now),
            State::Keys(waiting) => waiting.resume(now).and_then(|next| self.next(next, now)),
            State::Handshake(_) | State::Over => return Err(Failed::OutOfOrder),
        };
        match outcome.map_err(Failed::Failure)? {
            Told::Challenge(token) => Ok(Bare::Answer(token, None)),
            Told::Authenticated(token, session) => Ok(Bare::Answer(token, Some(session))),
            Told::Waiting(renewal) => Ok(Bare::Waiting(renewal)),
        }
    }

    fn handshake(
        &mut self,
        api: &'static Api,
        version: i16,
        request: &Struct,
        handshake: Handshake,
    ) -> Result<Said, WalkError> {
        let mechanisms: Vec<_> = handshake.mechanisms().collect();
        let wanted = String::from_utf8_lossy(request.bytes("Mechanism")).into_owned();
        let answer = |code: ErrorCode| {
            let mut response = Struct::new(api.response.fields, version);
            response.set("ErrorCode", Value::Integer(code.0.into()));
            let names = mechanisms
                .iter()
                .map(|mechanism: &Mechanism| Value::text(mechanism.name()));
            response.set("Mechanisms", Value::Array(names.collect()));
            let body = response.write(&api.response, version)?;
            Ok::<_, WalkError>(Response::local(api, version, body))
        };
        match handshake.choose(&wanted) {
            Ok(Chosen::Exchange(exchange)) => {
                self.state = State::Tokens(exchange);
                self.bare = version < FIRST_WITH_HEADERS;
                answer(ErrorCode::NONE).map(Said::Answer)
            }
            // Not configured by anybody yet; nobody is let through.
            Ok(Chosen::Passthrough(_)) => Ok(Said::Failed(answer(UNSUPPORTED_SASL_MECHANISM)?, Failed::OutOfOrder)),
            Err(failure) => {
                let response = answer(UNSUPPORTED_SASL_MECHANISM)?;
                Ok(Said::Failed(response, Failed::Failure(failure)))
            }
        }
    }

    fn token(&mut self, exchange: Exchange, token: &[u8], now: SystemTime) -> Result<Told, Failure> {
        let next = exchange.token(token, now)?;
        self.next(next, now)
    }

    fn next(&mut self, next: Next, now: SystemTime) -> Result<Told, Failure> {
        match next {
            Next::Challenge(token, exchange) => {
                self.state = State::Tokens(exchange);
                Ok(Told::Challenge(token))
            }
            Next::Authenticated(token, session) => Ok(Told::Authenticated(token, session)),
            Next::UnknownKey(waiting) => match waiting.renew() {
                Some(renewal) => {
                    self.state = State::Keys(Box::new(waiting));
                    Ok(Told::Waiting(renewal))
                }
                // With what is known, the token isn't valid; `resume` says so, and never asks for keys again.
                None => {
                    let next = waiting.resume(now)?;
                    self.next(next, now)
                }
            },
        }
    }
}

/// What comes of a token without headers.
pub(crate) enum Bare {
    /// The token to answer, and who the client is if that is known now.
    Answer(Vec<u8>, Option<Session>),
    /// Keys are to be waited for, and then this is to be called again, with no token.
    Waiting(Renewal),
}

/// What a client is told for a token.
enum Told {
    Challenge(Vec<u8>),
    Authenticated(Vec<u8>, Session),
    Waiting(Renewal),
}

/// The answers to SaslAuthenticate.
struct Authenticate {
    api: &'static Api,
    version: i16,
}

impl Authenticate {
    fn told(&self, outcome: Result<Told, Failure>, now: SystemTime) -> Result<Said, WalkError> {
        match outcome {
            Ok(Told::Challenge(token)) => self.token(&token, None, now).map(Said::Answer),
            Ok(Told::Authenticated(token, session)) => {
                let response = self.token(&token, Some(&session), now)?;
                Ok(Said::Authenticated(response, session))
            }
            Ok(Told::Waiting(renewal)) => Ok(Said::Waiting(renewal)),
            Err(failure) => {
                let response = self.error(SASL_AUTHENTICATION_FAILED, failure.message())?;
                Ok(Said::Failed(response, Failed::Failure(failure)))
            }
        }
    }

    fn token(&self, token: &[u8], session: Option<&Session>, now: SystemTime) -> Result<Response, WalkError> {
        let milliseconds = session.map_or(0, |session| session.lifetime_ms(now));
        self.write(|response| {
            response.set("ErrorMessage", Value::Null);
            response.set("AuthBytes", Value::Bytes(token.to_vec()));
            response.set("SessionLifetimeMs", Value::Integer(milliseconds));
        })
    }

    fn error(&self, code: ErrorCode, message: &str) -> Result<Response, WalkError> {
        self.write(|response| {
            response.set("ErrorCode", Value::Integer(code.0.into()));
            response.set("ErrorMessage", Value::text(message));
        })
    }

    fn write(&self, fill: impl FnOnce(&mut Struct)) -> Result<Response, WalkError> {
        let mut response = Struct::new(self.api.response.fields, self.version);
        fill(&mut response);
        let body = Bytes::from(response.write(&self.api.response, self.version)?);
        Ok(Response::local(self.api, self.version, body))
    }
}
