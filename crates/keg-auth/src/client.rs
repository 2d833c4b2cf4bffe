//! The client's side of all mechanisms as one: what a proxy is towards its brokers.

use crate::{Mechanism, oauthbearer, plain, scram};

/// A client that is about to authenticate.
#[derive(Debug)]
#[non_exhaustive]
pub enum Client {
    /// With PLAIN.
    Plain(plain::Client),
    /// With SCRAM-SHA-256 or SCRAM-SHA-512.
    Scram(scram::Client),
    /// With OAUTHBEARER.
    OAuthBearer(oauthbearer::Client),
}

/// A client that waits for the server.
#[derive(Debug)]
pub struct Waiting(State);

#[derive(Debug)]
enum State {
    Plain,
    ScramChallenge(Box<scram::AwaitingChallenge>),
    ScramSignature(scram::AwaitingSignature),
    OAuthBearer,
}

/// What the server's token leads to.
#[derive(Debug)]
pub enum ClientStep {
    /// A token for the server, and then its next one.
    Send(Vec<u8>, Waiting),
    /// The client is authenticated, and knows the server where the mechanism has that.
    Done,
    /// The server refuses, and says why once it has this token: OAUTHBEARER ends so.
    Refused(Vec<u8>, ClientError),
}

/// Why a client is not authenticated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// A credential that the mechanism can't carry.
    #[error("the username or the password is empty or has a NUL character, or the token is none")]
    Credential,
    /// The server sent what doesn't belong to the mechanism.
    #[error("the server's message is not one of {mechanism}: {problem}")]
    Malformed {
        /// The mechanism.
        mechanism: Mechanism,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The server doesn't take the credential.
    #[error("the server refuses the credential ({mechanism}): {message:?}")]
    Rejected {
        /// The mechanism.
        mechanism: Mechanism,
        /// What it says, cut off where it is long.
        message: String,
    },
    /// The server doesn't know the password either: it isn't who it seems to be.
    #[error("the server's signature is wrong ({mechanism}): it doesn't know the password")]
    ServerSignature {
        /// The mechanism.
        mechanism: Mechanism,
    },
}

impl Client {
    /// The mechanism to ask for in SaslHandshake.
    pub fn mechanism(&self) -> Mechanism {
        match self {
            Self::Plain(_) => Mechanism::Plain,
            Self::Scram(client) => client.hash().mechanism(),
            Self::OAuthBearer(_) => Mechanism::OAuthBearer,
        }
    }

    /// The first token.
    pub fn begin(self) -> (Vec<u8>, Waiting) {
        let (token, state) = match self {
            Self::Plain(client) => (client.message(), State::Plain),
            Self::Scram(client) => {
                let (token, waiting) = client.begin();
                (token, State::ScramChallenge(Box::new(waiting)))
            }
            Self::OAuthBearer(client) => (client.message(), State::OAuthBearer),
        };
        (token, Waiting(state))
    }
}

impl Waiting {
    /// Takes the server's token. An error response of Kafka's isn't one: it ends the exchange, whatever its state.
    ///
    /// # Errors
    /// When the server sends what doesn't belong to the mechanism, refuses, or is not who it should be.
    pub fn respond(self, token: &[u8]) -> Result<ClientStep, ClientError> {
        match self.0 {
            State::Plain if token.is_empty() => Ok(ClientStep::Done),
            State::Plain => Err(ClientError::Malformed {
                mechanism: Mechanism::Plain,
                problem: "a token where none is expected",
            }),
            State::ScramChallenge(waiting) => {
                let (token, waiting) = waiting.respond(token)?;
                Ok(ClientStep::Send(token, Self(State::ScramSignature(waiting))))
            }
            State::ScramSignature(waiting) => waiting.finish(token).map(|()| ClientStep::Done),
            State::OAuthBearer => Ok(match oauthbearer::Client::refusal(token) {
                None => ClientStep::Done,
                Some(error) => ClientStep::Refused(oauthbearer::ACKNOWLEDGEMENT.to_vec(), error),
            }),
        }
    }
}

impl ClientError {
    pub(crate) fn rejected(mechanism: Mechanism, message: &str) -> Self {
        Self::Rejected {
            mechanism,
            message: message.chars().take(1024).collect(),
        }
    }
}
