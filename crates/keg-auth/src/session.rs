use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::jwt::Token;
use crate::{Claims, Mechanism, Principal};

/// An authenticated client. Only [`Authentication`](crate::Authentication) makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    principal: Principal,
    proof: Proof,
    /// When it has to be over for other reasons than the token's end.
    limit: Option<SystemTime>,
    /// What is left of the bearer token that it began with.
    token: Option<Arc<Token>>,
}

/// How it is known who a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Proof {
    /// It isn't: the client is anonymous.
    Nothing,
    /// By the certificate that it has the key of.
    Certificate,
    /// By SASL, which ended here.
    Sasl(Mechanism),
    /// By SASL, which ended here, and which the broker said yes to as well.
    Forwarded(Mechanism),
    /// By SASL, which the broker said yes to.
    Passthrough(Mechanism),
}

impl Session {
    pub(crate) fn new(principal: Principal, proof: Proof) -> Self {
        Self {
            principal,
            proof,
            limit: None,
            token: None,
        }
    }

    /// It is worth what the token is, and ends with it.
    pub(crate) fn with_token(mut self, token: Token) -> Self {
        self.token = Some(Arc::new(token));
        self
    }

    /// Lets it end at the earlier of what it has and this: a broker may have said so.
    #[must_use]
    pub fn until(mut self, end: Option<SystemTime>) -> Self {
        self.limit = earlier(self.limit, end);
        self
    }

    /// Who the client is.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// How that is known.
    pub fn proof(&self) -> Proof {
        self.proof
    }

    /// The SASL mechanism, if there was one.
    pub fn mechanism(&self) -> Option<Mechanism> {
        match self.proof {
            Proof::Sasl(mechanism) | Proof::Forwarded(mechanism) | Proof::Passthrough(mechanism) => Some(mechanism),
            Proof::Nothing | Proof::Certificate => None,
        }
    }

    /// When the client must have authenticated again (KIP-368).
    pub fn expires_at(&self) -> Option<SystemTime> {
        earlier(self.limit, self.token().map(|token| token.expires_at))
    }

    /// How long that is from now. Nothing is left once it is over.
    pub fn lifetime(&self, now: SystemTime) -> Option<Duration> {
        self.expires_at().map(|end| end.duration_since(now).unwrap_or_default())
    }

    /// What SaslAuthenticate announces as `session_lifetime_ms`: 0 for a session that doesn't end, and so never for one
    /// that does; ten years at most, since Java's client counts in nanoseconds.
    pub fn lifetime_ms(&self, now: SystemTime) -> i64 {
        const TEN_YEARS: i64 = 10 * 365 * 24 * 60 * 60 * 1000;
        self.lifetime(now).map_or(0, |lifetime| {
            i64::try_from(lifetime.as_millis())
                .unwrap_or(TEN_YEARS)
                .clamp(1, TEN_YEARS)
        })
    }

    /// What a bearer token claims, for conditions. Empty for all others.
    pub fn claims(&self) -> &Claims {
        const NONE: &Claims = &Claims::new();
        self.token().map_or(NONE, |token| &token.claims)
    }

    /// What a bearer token was given for, by the claim that the validator takes for that. Empty for all others.
    pub fn scopes(&self) -> &[String] {
        self.token().map_or(&[], |token| &token.scopes)
    }

    pub(crate) fn token(&self) -> Option<&Token> {
        self.token.as_deref()
    }
}

fn earlier(one: Option<SystemTime>, other: Option<SystemTime>) -> Option<SystemTime> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
