use std::sync::Arc;
use std::time::SystemTime;

use super::message::Message;
use crate::failure::{Failure, Reason};
use crate::jwt::{Renewal, Token, TokenError, Validator};
use crate::{Mechanism, Secret};

/// The server's side of an exchange.
#[derive(Debug)]
pub struct Server {
    validator: Arc<Validator>,
}

/// What a client's message leads to.
#[derive(Debug)]
pub enum Outcome {
    /// The token is valid. The server's final message is empty.
    Accepted(Accepted),
    /// The token isn't valid. The client is sent this JSON, and has to acknowledge it.
    Rejected(Vec<u8>, AwaitingAcknowledgement),
    /// The token is signed with a key that isn't known yet.
    UnknownKey(AwaitingKeys),
}

/// A valid token and what came with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// What the token says.
    pub token: Token,
    /// The pairs beside the token. The client says them, and nobody has checked them.
    pub extensions: Vec<(String, String)>,
}

/// An exchange that fails with the client's next message.
#[derive(Debug)]
pub struct AwaitingAcknowledgement {
    error: TokenError,
    status: String,
}

/// An exchange that goes on when keys were fetched anew, or could not be.
#[derive(Debug)]
pub struct AwaitingKeys {
    validator: Arc<Validator>,
    request: Request,
}

#[derive(Debug)]
struct Request {
    token: Secret,
    authorization_id: Option<String>,
    extensions: Vec<(String, String)>,
}

impl Server {
    /// An exchange with whoever has a token that the validator takes.
    pub fn new(validator: Arc<Validator>) -> Self {
        Self { validator }
    }

    /// Takes the client's message.
    ///
    /// # Errors
    /// For what is no such message, and for an authorization id that isn't the token's principal.
    pub fn respond(self, message: &[u8], now: SystemTime) -> Result<Outcome, Failure> {
        if message.len() > self.validator.max_message_size() {
            return Err(Failure::malformed(Mechanism::OAuthBearer, "longer than tokens may be"));
        }
        let message = Message::parse(message)?;
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let request = Request {
            token: message.token.into(),
            extensions: message.extensions.iter().map(owned).collect(),
            authorization_id: message.authorization_id,
        };
        match self.validator.validate(request.token.reveal(), now) {
            Err(TokenError::UnknownKey { .. }) => Ok(Outcome::UnknownKey(AwaitingKeys {
                validator: self.validator,
                request,
            })),
            validated => request.finish(&self.validator, validated),
        }
    }
}

impl AwaitingKeys {
    /// Asks for newer keys; `None` where there is nobody to ask.
    pub fn renew(&self) -> Option<Renewal> {
        self.validator.keys().renew()
    }

    /// Validates again, with the keys that the validator has now. A key that is still unknown makes the token invalid.
    ///
    /// # Errors
    /// For an authorization id that isn't the token's principal.
    pub fn resume(self, now: SystemTime) -> Result<Outcome, Failure> {
        let validated = self.validator.validate(self.request.token.reveal(), now);
        self.request.finish(&self.validator, validated)
    }
}

impl AwaitingAcknowledgement {
    /// Whatever the client sends ends the exchange. Kafka's brokers give the JSON as the error's message, too.
    pub fn respond(self, _token: &[u8]) -> Failure {
        Failure::new(self.status, Reason::Token(self.error))
    }

    /// Why the exchange is going to fail.
    pub fn error(&self) -> &TokenError {
        &self.error
    }
}

impl Request {
    fn finish(self, validator: &Validator, validated: Result<Token, TokenError>) -> Result<Outcome, Failure> {
        let token = match validated {
            Ok(token) => token,
            Err(error) => {
                let status = validator.status(&error);
                let json = status.clone().into_bytes();
                return Ok(Outcome::Rejected(json, AwaitingAcknowledgement { error, status }));
            }
        };
        match &self.authorization_id {
            Some(id) if *id != token.principal => Err(Failure::authorization_id(&token.principal, id)),
            _ => Ok(Outcome::Accepted(Accepted {
                token,
                extensions: self.extensions,
            })),
        }
    }
}
