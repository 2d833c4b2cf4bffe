//! The broker's part in a conversation.

use std::time::SystemTime;

use keg_auth::{Mechanism, Passthrough, Session};
use keg_codec::ErrorCode;

use super::{Conversation, Failed, Said, State, Told, failed};
use crate::backend::{MechanismAnswer, ProofError, Question, TokenAnswer};

/// What the broker was asked.
#[derive(Debug)]
pub(super) enum Asked {
    /// Whether it has the mechanism that the client wants.
    Mechanism(Passthrough),
    /// What it says to a token of the client's.
    Token(Passthrough),
    /// Whether it has the mechanism of a token that is good to the gateway.
    Forward(Forwarded),
    /// Whether that token is good to it, too.
    Forwarded(Forwarded),
}

/// A token that is good to the gateway, and goes to the broker as the client has sent it.
#[derive(Debug)]
pub(super) struct Forwarded {
    pub(super) mechanism: Mechanism,
    pub(super) token: Vec<u8>,
    /// What the client gets for it.
    pub(super) answer: Vec<u8>,
    pub(super) session: Session,
}

impl Asked {
    pub(super) fn mechanism(&self) -> Mechanism {
        match self {
            Self::Mechanism(passthrough) | Self::Token(passthrough) => passthrough.mechanism(),
            Self::Forward(forwarded) | Self::Forwarded(forwarded) => forwarded.mechanism,
        }
    }
}

impl Conversation {
    /// Takes the body of what the broker has answered.
    ///
    /// # Errors
    /// When it is malformed.
    pub(super) fn answered(&mut self, body: &[u8], now: SystemTime) -> Result<Said, ProofError> {
        let State::Asked(asked) = std::mem::replace(&mut self.state, State::Over) else {
            return Ok(self.out_of_order());
        };
        match *asked {
            Asked::Mechanism(passthrough) => Ok(match self.has_mechanism(body)? {
                Some(failed) => Said::Told(Told::Failed(failed)),
                None => {
                    self.state = State::Passed(Box::new(passthrough));
                    Said::Told(Told::Mechanism)
                }
            }),
            Asked::Token(passthrough) => Ok(self.passed(passthrough, TokenAnswer::read(body)?, now)),
            Asked::Forward(forwarded) => Ok(match self.has_mechanism(body)? {
                // The client has been told that there is such a mechanism, and is not to blame.
                Some(failed) => return Err(ProofError::Refused(failed.to_string())),
                None => self.ask(Asked::Forwarded(forwarded)),
            }),
            Asked::Forwarded(forwarded) => Ok(forwarded.answered(TokenAnswer::read(body)?, now)),
        }
    }

    /// A token of the client's for the broker.
    pub(super) fn pass(&mut self, mut passthrough: Passthrough, token: &[u8]) -> Said {
        if let Err(failure) = passthrough.token(token) {
            return failed(failure);
        }
        let question = Question::token(token.to_vec());
        self.asked(Asked::Token(passthrough), question)
    }

    pub(super) fn ask(&mut self, asked: Asked) -> Said {
        let question = match &asked {
            Asked::Forwarded(forwarded) => Question::token(forwarded.token.clone()),
            _ => Question::mechanism(asked.mechanism()),
        };
        self.asked(asked, question)
    }

    fn asked(&mut self, asked: Asked, question: Result<Question, ProofError>) -> Said {
        match question {
            Ok(question) => {
                self.state = State::Asked(Box::new(asked));
                Said::Broker(question)
            }
            Err(error) => Said::Told(Told::Failed(Failed::Unaskable(error.to_string()))),
        }
    }

    fn has_mechanism(&mut self, body: &[u8]) -> Result<Option<Failed>, ProofError> {
        let MechanismAnswer { code, mechanisms } = MechanismAnswer::read(body)?;
        if code == ErrorCode::NONE {
            return Ok(None);
        }
        let words = format!("its mechanisms are {mechanisms:?}");
        // What the client could still use is what both have.
        self.mechanisms
            .retain(|mechanism| mechanisms.iter().any(|name| name == mechanism.name()));
        Ok(Some(Failed::Broker { code, words }))
    }

    fn passed(&mut self, passthrough: Passthrough, answer: TokenAnswer, now: SystemTime) -> Said {
        let Granted { token, end } = match granted(answer, now) {
            Ok(granted) => granted,
            Err(failed) => return Said::Told(Told::Failed(failed)),
        };
        if !passthrough.is_accepted_by(&token) {
            self.state = State::Passed(Box::new(passthrough));
            return Said::Told(Told::Challenge(token));
        }
        match passthrough.accepted(end) {
            Ok(session) => Said::Told(Told::Authenticated(token, session)),
            Err(failure) => failed(failure),
        }
    }
}

/// What the broker gives for a token that it doesn't refuse at once.
struct Granted {
    token: Vec<u8>,
    /// When the session is over, if the broker says so.
    end: Option<SystemTime>,
}

fn granted(answer: TokenAnswer, now: SystemTime) -> Result<Granted, Failed> {
    let TokenAnswer {
        code,
        words,
        token,
        lifetime,
    } = answer;
    if code != ErrorCode::NONE {
        return Err(Failed::Broker { code, words });
    }
    let end = lifetime.and_then(|lifetime| now.checked_add(lifetime));
    Ok(Granted { token, end })
}

impl Forwarded {
    fn answered(self, answer: TokenAnswer, now: SystemTime) -> Said {
        let Granted { token, end } = match granted(answer, now) {
            Ok(granted) => granted,
            Err(failed) => return Said::Told(Told::Failed(failed)),
        };
        if !token.is_empty() {
            // RFC 7628: what is wrong is in a challenge. Once it is acknowledged, brokers give it as the error's message, too.
            let (code, words) = (
                ErrorCode::SASL_AUTHENTICATION_FAILED,
                String::from_utf8_lossy(&token).into_owned(),
            );
            return Said::Told(Told::Failed(Failed::Broker { code, words }));
        }
        let session = self.session.until(end);
        Said::Told(Told::Authenticated(self.answer, session))
    }
}
