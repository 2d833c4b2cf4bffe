use std::time::SystemTime;

use super::exchange::{check_principal, mechanism_changed};
use crate::failure::Failure;
use crate::session::Proof;
use crate::{Claim, Mechanism, Principal, Session, jwt, oauthbearer, plain, scram};

/// An exchange between the client and the broker, of which only is read who the client says it is.
#[derive(Debug)]
pub struct Passthrough {
    mechanism: Mechanism,
    before: Option<Session>,
    name: Option<String>,
    /// How many tokens of the client's there were.
    seen: usize,
}

impl Passthrough {
    pub(super) fn new(mechanism: Mechanism, before: Option<Session>) -> Self {
        Self {
            mechanism,
            before,
            name: None,
            seen: 0,
        }
    }

    /// The mechanism, to ask the broker for.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Sees a token of the client's that goes to the broker. The first one names the client: the username, or the `sub`
    /// of a bearer token that is a JWT.
    ///
    /// # Errors
    /// When a connection is authenticated again with another mechanism, as the broker would say too. And when the first
    /// token can't be read: a broker that reads it otherwise would know the client by a name that nobody here has seen.
    pub fn token(&mut self, token: &[u8]) -> Result<(), Failure> {
        if let Some(before) = &self.before
            && before.mechanism() != Some(self.mechanism)
        {
            return Err(mechanism_changed(before, self.mechanism));
        }
        self.seen += 1;
        if self.seen == 1 {
            self.name = match self.mechanism {
                Mechanism::Plain => Some(plain::username(token)?),
                Mechanism::ScramSha256 | Mechanism::ScramSha512 => scram::username(self.mechanism, token)?,
                Mechanism::OAuthBearer => subject(oauthbearer::token(token)?),
            };
        }
        Ok(())
    }

    /// Whether the broker, which answers the client's last token by this one and no error, has so said yes. If not, the
    /// answer is a challenge.
    pub fn is_accepted_by(&self, answer: &[u8]) -> bool {
        match self.mechanism {
            // RFC 7628: what is wrong with a token is said by a challenge.
            Mechanism::OAuthBearer => answer.is_empty(),
            Mechanism::Plain | Mechanism::ScramSha256 | Mechanism::ScramSha512 => self.seen >= self.mechanism.tokens(),
        }
    }

    /// The broker said that the client is authenticated, until then if it said so. A client that the tokens didn't name,
    /// such as one with an opaque bearer token, is [`Principal::anonymous`] to the proxy.
    ///
    /// # Errors
    /// When a connection would belong to somebody else from now on.
    pub fn accepted(self, expires_at: Option<SystemTime>) -> Result<Session, Failure> {
        let principal = self.name.map_or_else(Principal::anonymous, Principal::user);
        check_principal(self.before.as_ref(), &principal)?;
        Ok(Session::new(principal, Proof::Passthrough(self.mechanism)).until(expires_at))
    }
}

fn subject(token: &str) -> Option<String> {
    match jwt::unverified_claims(token)?.remove("sub") {
        Some(Claim::Text(subject)) => Some(subject),
        _ => None,
    }
}
