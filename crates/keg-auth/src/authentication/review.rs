//! Sessions that go on while the configuration changes.

use std::time::SystemTime;

use super::{Authentication, Method};
use crate::failure::Name;
use crate::jwt::{KeyStore, TokenError, Validator};
use crate::session::Proof;
use crate::{Mechanism, Session};

/// Why a session that began earlier could not begin any more, for the operator's log.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Revoked {
    /// The user isn't there any more, or the method.
    #[error("the user was removed from the configuration, or the method")]
    Removed,
    /// The bearer token isn't valid any more.
    #[error("the bearer token is not valid any more: {0}")]
    Token(#[from] TokenError),
    /// The bearer token is somebody else's by now. No connection changes hands.
    #[error("the bearer token is that of {0} by now")]
    Renamed(Name),
}

impl Authentication {
    /// Judges a session that began earlier, perhaps under other methods, by whether it could begin now: its method is still
    /// there, and the user with it, and the broker has had its say if it has one; and of a bearer token, what is left of
    /// it once it is gone (its claims, its algorithm and its key) is good to the validator. A changed password has its effect
    /// when the client authenticates again.
    ///
    /// The session to go on with, if the validator makes something else of the token now: other scopes, or another end.
    ///
    /// # Errors
    /// When it could not begin now, or would be somebody else's.
    pub fn review(&self, session: &Session, now: SystemTime) -> Result<Option<Session>, Revoked> {
        let name = session.principal().name();
        let stays = match session.proof() {
            Proof::Nothing if self.methods.is_empty() => true,
            Proof::Nothing => self.methods.iter().any(|method| matches!(method, Method::Anonymous)),
            Proof::Certificate => self
                .methods
                .iter()
                .any(|method| matches!(method, Method::ClientCertificate)),
            Proof::Sasl(mechanism) => match self.method(mechanism) {
                Some(Method::Plain(principals)) => principals.contains(name),
                Some(Method::Scram(principals)) => principals.contains(name),
                Some(Method::OAuthBearer {
                    validator,
                    forward: false,
                }) => return again(validator, session, now),
                _ => false,
            },
            Proof::Forwarded(mechanism) => match self.method(mechanism) {
                Some(Method::OAuthBearer {
                    validator,
                    forward: true,
                }) => return again(validator, session, now),
                _ => false,
            },
            Proof::Passthrough(mechanism) => matches!(self.method(mechanism), Some(Method::Passthrough { .. })),
        };
        match stays {
            true => Ok(None),
            false => Err(Revoked::Removed),
        }
    }

    /// The keys by which the session was found to be good, or would be now. It is to be [reviewed](Self::review) when they
    /// change.
    pub fn keys_of(&self, session: &Session) -> Option<&KeyStore> {
        match session.proof() {
            Proof::Sasl(mechanism @ Mechanism::OAuthBearer) | Proof::Forwarded(mechanism @ Mechanism::OAuthBearer) => {
                match self.method(mechanism) {
                    Some(Method::OAuthBearer { validator, .. }) => Some(validator.keys()),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

fn again(validator: &Validator, session: &Session, now: SystemTime) -> Result<Option<Session>, Revoked> {
    let Some(before) = session.token() else {
        return Err(Revoked::Removed);
    };
    match validator.validate_again(before, now)? {
        None => Ok(None),
        Some(token) if token.principal != before.principal => Err(Revoked::Renamed(Name::new(&token.principal))),
        Some(token) => Ok(Some(session.clone().with_token(token))),
    }
}
