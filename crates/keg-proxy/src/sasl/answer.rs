//! What a client is told, in the words of Kafka's protocol.

use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;
use keg_auth::Failure;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey, ErrorCode};
use keg_policy::Response;

use super::{Conversation, Told};

/// Why a client isn't authenticated.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The gateway says no.
    Failure(Failure),
    /// The broker says no, in these words.
    Broker { code: ErrorCode, words: String },
    /// A token without a mechanism, or a mechanism while there are tokens to come.
    OutOfOrder,
    /// The client has authenticated again a moment ago.
    TooSoon,
    /// The broker can't be asked.
    Unaskable(String),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failure(failure) => failure.reason().fmt(f),
            Self::Broker { code, words } => write!(f, "the broker refuses the client (error {}): {words:?}", code.0),
            Self::OutOfOrder => f.write_str("the client's SASL requests are out of order"),
            Self::TooSoon => f.write_str("the client has authenticated again a moment ago"),
            Self::Unaskable(reason) => write!(f, "the broker can't be asked: {reason}"),
        }
    }
}

impl Failed {
    fn code(&self, key: ApiKey) -> ErrorCode {
        match self {
            Self::Failure(_) | Self::Unaskable(_) if key == ApiKey::SASL_HANDSHAKE => {
                ErrorCode::UNSUPPORTED_SASL_MECHANISM
            }
            Self::Failure(_) | Self::Unaskable(_) => ErrorCode::SASL_AUTHENTICATION_FAILED,
            Self::Broker { code, .. } => *code,
            Self::OutOfOrder | Self::TooSoon => ErrorCode::ILLEGAL_SASL_STATE,
        }
    }

    fn message(&self) -> &str {
        match self {
            Self::Failure(failure) => failure.message(),
            Self::Broker { words, .. } => words,
            Self::OutOfOrder => "The SASL requests are out of order",
            Self::TooSoon => "Authenticated again too soon",
            Self::Unaskable(_) => "Authentication failed",
        }
    }
}

impl Conversation {
    /// The response to SaslHandshake or SaslAuthenticate.
    ///
    /// # Errors
    /// When it can't be written.
    pub(crate) fn response(
        &self,
        api: &'static Api,
        version: i16,
        told: &Told,
        now: SystemTime,
    ) -> Result<Response, WalkError> {
        let mut response = Struct::new(api.response.fields, version);
        let code = match told {
            Told::Failed(failed) => failed.code(api.key),
            _ => ErrorCode::NONE,
        };
        response.set("ErrorCode", Value::Integer(code.0.into()));
        if api.key == ApiKey::SASL_HANDSHAKE {
            let names = self.mechanisms.iter().map(|mechanism| Value::text(mechanism.name()));
            response.set("Mechanisms", Value::Array(names.collect()));
        } else {
            fill(&mut response, told, now);
        }
        let body = Bytes::from(response.write(&api.response, version)?);
        Ok(Response::local(api, version, body))
    }
}

/// What SaslAuthenticate says beside an error code.
fn fill(response: &mut Struct, told: &Told, now: SystemTime) {
    let (token, milliseconds) = match told {
        Told::Authenticated(token, session) => (token.clone(), session.lifetime_ms(now)),
        Told::Challenge(token) => (token.clone(), 0),
        Told::Mechanism | Told::Failed(_) => (Vec::new(), 0),
    };
    let words = match told {
        Told::Failed(failed) => Value::text(failed.message()),
        _ => Value::Null,
    };
    response.set("ErrorMessage", words);
    response.set("AuthBytes", Value::Bytes(token));
    response.set("SessionLifetimeMs", Value::Integer(milliseconds));
}
