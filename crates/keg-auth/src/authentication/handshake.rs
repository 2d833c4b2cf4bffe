use super::{Authentication, Exchange, Method, Passthrough, Peer};
use crate::failure::{Failure, Name, Reason};
use crate::session::Proof;
use crate::{Mechanism, Session};

/// A client of which it isn't known yet how it authenticates.
#[derive(Debug)]
pub struct Handshake {
    authentication: Authentication,
    state: State,
}

#[derive(Debug)]
enum State {
    New(Peer),
    Again(Session),
}

/// What comes of a mechanism.
#[derive(Debug)]
pub enum Chosen {
    /// Tokens go to the exchange.
    Exchange(Exchange),
    /// Tokens go to the broker, as they are.
    Passthrough(Passthrough),
}

impl Handshake {
    pub(super) fn new(authentication: Authentication, peer: Peer) -> Self {
        Self {
            authentication,
            state: State::New(peer),
        }
    }

    pub(super) fn again(authentication: Authentication, session: Session) -> Self {
        Self {
            authentication,
            state: State::Again(session),
        }
    }

    /// What SaslHandshake lists: each mechanism once, in the order of the methods.
    pub fn mechanisms(&self) -> impl Iterator<Item = Mechanism> {
        let methods = &self.authentication.methods;
        methods.iter().enumerate().filter_map(|(index, method)| {
            let mechanism = method.mechanism()?;
            let mut earlier = methods.iter().take(index);
            earlier
                .all(|method| method.mechanism() != Some(mechanism))
                .then_some(mechanism)
        })
    }

    /// The client asks for a mechanism, by SaslHandshake.
    ///
    /// # Errors
    /// When it isn't offered: Kafka answers that with error 33 (UNSUPPORTED_SASL_MECHANISM) and the list, and closes
    /// the connection; as it does when the system has no randomness for an exchange.
    ///
    /// Another mechanism than that of the session is accepted here, and fails with the first token, since Kafka has it
    /// so.
    pub fn choose(self, mechanism: &str) -> Result<Chosen, Failure> {
        let method = mechanism
            .parse()
            .ok()
            .and_then(|mechanism: Mechanism| self.authentication.method(mechanism));
        let before = match &self.state {
            State::New(_) => None,
            State::Again(session) => Some(session),
        };
        match method {
            Some(Method::Passthrough { mechanism }) => {
                Ok(Chosen::Passthrough(Passthrough::new(*mechanism, before.cloned())))
            }
            Some(method) => {
                let lifetime = self.authentication.session_lifetime;
                match Exchange::new(method, before.cloned(), lifetime)? {
                    Some(exchange) => Ok(Chosen::Exchange(exchange)),
                    None => Err(unsupported(mechanism)),
                }
            }
            None => Err(unsupported(mechanism)),
        }
    }

    /// The client goes on without SaslHandshake: its first request but ApiVersions is another one.
    ///
    /// # Errors
    /// When clients have to authenticate. Kafka closes the connection without an answer.
    pub fn without_sasl(self) -> Result<Session, Failure> {
        match self.state {
            State::New(peer) => self.authentication.without_sasl(&peer),
            // Whoever authenticated without SASL has nothing to say again.
            State::Again(session) => match session.proof() {
                Proof::Nothing | Proof::Certificate => Ok(session),
                _ => Err(Failure::new("Authentication is required", Reason::NotAuthenticated)),
            },
        }
    }
}

fn unsupported(mechanism: &str) -> Failure {
    Failure::new(
        "Unsupported SASL mechanism",
        Reason::UnsupportedMechanism(Name::new(mechanism)),
    )
}
