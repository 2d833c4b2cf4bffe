use std::time::{Duration, SystemTime};

use super::Method;
use crate::failure::{Failure, Name, Reason};
use crate::jwt::{Renewal, Token};
use crate::oauthbearer::Outcome;
use crate::session::Proof;
use crate::{Mechanism, Principal, Session, oauthbearer, plain, scram};

/// An exchange of tokens that ends here. Each token takes it, and gives the next state back.
#[derive(Debug)]
pub struct Exchange {
    server: Server,
    context: Context,
}

#[derive(Debug)]
enum Server {
    Plain(plain::Server),
    Scram(scram::Server),
    ScramProof(Box<scram::AwaitingProof>),
    OAuthBearer(oauthbearer::Server),
    OAuthBearerAcknowledgement(oauthbearer::AwaitingAcknowledgement),
}

#[derive(Debug)]
struct Context {
    mechanism: Mechanism,
    forwards: bool,
    before: Option<Session>,
    lifetime: Option<Duration>,
}

/// What a token leads to.
#[derive(Debug)]
pub enum Next {
    /// A token for the client, and then its next one.
    Challenge(Vec<u8>, Exchange),
    /// The client is authenticated, and gets this last token.
    Authenticated(Vec<u8>, Session),
    /// The bearer token is signed with a key that isn't known yet.
    UnknownKey(AwaitingKeys),
}

/// An exchange that waits for keys: [renew](Self::renew) them, or put them into the validator's
/// [`KeyStore`](crate::jwt::KeyStore) at a bounded rate, and resume. Resume without new keys, too, where none can be had.
#[derive(Debug)]
pub struct AwaitingKeys {
    keys: oauthbearer::AwaitingKeys,
    context: Context,
}

impl Exchange {
    pub(super) fn new(
        method: &Method,
        before: Option<Session>,
        lifetime: Option<Duration>,
    ) -> Result<Option<Self>, Failure> {
        let (server, forwards) = match method {
            Method::Anonymous | Method::ClientCertificate | Method::Passthrough { .. } => return Ok(None),
            Method::Plain(principals) => (Server::Plain(plain::Server::new(principals.clone())), false),
            Method::Scram(principals) => {
                let nonce = scram::Nonce::random()?;
                (Server::Scram(scram::Server::new(principals.clone(), nonce)), false)
            }
            Method::OAuthBearer { validator, forward } => (
                Server::OAuthBearer(oauthbearer::Server::new(validator.clone())),
                *forward,
            ),
        };
        Ok(method.mechanism().map(|mechanism| Self {
            server,
            context: Context {
                mechanism,
                forwards,
                before,
                lifetime,
            },
        }))
    }

    /// The mechanism.
    pub fn mechanism(&self) -> Mechanism {
        self.context.mechanism
    }

    /// If the broker has to see the client's token, too, once it is validated. The session is then worth something only
    /// when the broker has accepted it as well.
    pub fn forwards(&self) -> bool {
        self.context.forwards
    }

    /// The client sends a token, by SaslAuthenticate.
    ///
    /// With PLAIN and principals whose passwords are salted hashes this takes 0.4 ms of processor or more.
    ///
    /// # Errors
    /// When the exchange has failed: error 58 (SASL_AUTHENTICATION_FAILED) with the failure's message, and the end of
    /// the connection. Whether it failed is best not to be told at once, so that guessing takes its time.
    pub fn token(self, token: &[u8], now: SystemTime) -> Result<Next, Failure> {
        let Self { server, context } = self;
        context.check_mechanism()?;
        match server {
            Server::Plain(server) => {
                let username = server.respond(token)?;
                context.authenticated(&username, Vec::new(), None, now)
            }
            Server::Scram(server) => {
                let (challenge, waiting) = server.respond(token)?;
                let server = Server::ScramProof(Box::new(waiting));
                Ok(Next::Challenge(challenge, Self { server, context }))
            }
            Server::ScramProof(waiting) => {
                let authenticated = waiting.respond(token)?;
                context.authenticated(&authenticated.username, authenticated.message, None, now)
            }
            Server::OAuthBearer(server) => context.oauthbearer(server.respond(token, now)?, now),
            Server::OAuthBearerAcknowledgement(waiting) => Err(waiting.respond(token)),
        }
    }
}

impl AwaitingKeys {
    /// Asks for newer keys, to be waited for; `None` where there is nobody to ask.
    pub fn renew(&self) -> Option<Renewal> {
        self.keys.renew()
    }

    /// Goes on with the keys that there are now.
    ///
    /// # Errors
    /// As those of [`Exchange::token`].
    pub fn resume(self, now: SystemTime) -> Result<Next, Failure> {
        self.context.oauthbearer(self.keys.resume(now)?, now)
    }
}

impl Context {
    fn oauthbearer(self, outcome: Outcome, now: SystemTime) -> Result<Next, Failure> {
        match outcome {
            Outcome::Accepted(accepted) => {
                let token = accepted.token;
                let principal = token.principal.clone();
                self.authenticated(&principal, Vec::new(), Some(token), now)
            }
            Outcome::Rejected(challenge, waiting) => {
                let server = Server::OAuthBearerAcknowledgement(waiting);
                Ok(Next::Challenge(challenge, Exchange { server, context: self }))
            }
            Outcome::UnknownKey(keys) => Ok(Next::UnknownKey(AwaitingKeys { keys, context: self })),
        }
    }

    fn check_mechanism(&self) -> Result<(), Failure> {
        match &self.before {
            Some(before) if before.mechanism() != Some(self.mechanism) => {
                Err(mechanism_changed(before, self.mechanism))
            }
            _ => Ok(()),
        }
    }

    fn authenticated(
        self,
        name: &str,
        token: Vec<u8>,
        bearer: Option<Token>,
        now: SystemTime,
    ) -> Result<Next, Failure> {
        let principal = Principal::user(name);
        check_principal(self.before.as_ref(), &principal)?;
        let longest = self.lifetime.and_then(|lifetime| now.checked_add(lifetime));
        let proof = match self.forwards {
            true => Proof::Forwarded(self.mechanism),
            false => Proof::Sasl(self.mechanism),
        };
        let mut session = Session::new(principal, proof).until(longest);
        if let Some(token) = bearer {
            session = session.with_token(token);
        }
        Ok(Next::Authenticated(token, session))
    }
}

pub(super) fn mechanism_changed(before: &Session, now: Mechanism) -> Failure {
    let before = before.mechanism().map_or("none", Mechanism::name);
    Failure::new(
        format!(
            "SASL mechanism '{now}' requested by client is not supported for re-authentication of mechanism '{before}'"
        ),
        Reason::MechanismChanged { before, now },
    )
}

/// Kafka doesn't let a connection change hands.
pub(super) fn check_principal(before: Option<&Session>, now: &Principal) -> Result<(), Failure> {
    match before.map(Session::principal) {
        Some(before) if before != now => Err(Failure::new(
            "Cannot change principals during re-authentication",
            Reason::PrincipalChanged {
                before: Name::new(before.name()),
                now: Name::new(now.name()),
            },
        )),
        _ => Ok(()),
    }
}
