//! Who the gateway is to its brokers.

use std::sync::Arc;
use std::time::Duration;

use keg_auth::scram::{Hash, Nonce};
use keg_auth::{Client, Mechanism, Secret, oauthbearer, plain, scram};
use tokio::time::Instant;

use super::proof::{self, Broker, ProofError, Proved};
use super::spread::share;
use super::tokens::Tokens;

/// How much is used of the time for which a node takes the gateway's credentials, at least: the Java client's share. What follows
/// is time for the requests before to be answered.
const USED: f32 = 0.85;

/// Brokers refuse to authenticate a connection again within a second (KIP-368).
const SOONEST: Duration = Duration::from_millis(1_100);

/// What the gateway proves to the brokers of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credentials {
    /// With PLAIN.
    Plain {
        /// The user.
        username: String,
        /// Its password.
        password: Secret,
    },
    /// With SCRAM.
    Scram {
        /// The hash function, which is the mechanism's.
        hash: Hash,
        /// The user.
        username: String,
        /// Its password.
        password: Secret,
    },
    /// With OAUTHBEARER.
    OAuthBearer {
        /// Whose tokens they are.
        client: String,
        /// The tokens: the newest one is taken.
        tokens: Tokens,
    },
}

impl Credentials {
    /// The SASL mechanism that they are for.
    pub fn mechanism(&self) -> Mechanism {
        match self {
            Self::Plain { .. } => Mechanism::Plain,
            Self::Scram { hash, .. } => hash.mechanism(),
            Self::OAuthBearer { .. } => Mechanism::OAuthBearer,
        }
    }

    /// Whether a connection that was authenticated by the others can be authenticated again by these: brokers want the
    /// same mechanism, and the same user.
    pub(crate) fn continue_from(&self, others: &Self) -> bool {
        let user = |credentials: &Self| match credentials {
            Self::Plain { username, .. } | Self::Scram { username, .. } => username.clone(),
            Self::OAuthBearer { client, .. } => client.clone(),
        };
        self.mechanism() == others.mechanism() && user(self) == user(others)
    }

    /// Waits for what is not there yet: a token.
    pub(crate) async fn ready(&self) -> Result<(), ProofError> {
        match self {
            Self::OAuthBearer { tokens, .. } => tokens.ready().await,
            Self::Plain { .. } | Self::Scram { .. } => Ok(()),
        }
    }

    fn client(&self) -> Result<Client, ProofError> {
        let client = match self.clone() {
            Self::Plain { username, password } => plain::Client::new(username, password).map(Client::Plain),
            Self::Scram {
                hash,
                username,
                password,
            } => {
                let nonce = Nonce::random().map_err(|error| ProofError::Undecided(error.to_string()))?;
                scram::Client::new(hash, username, password, nonce).map(Client::Scram)
            }
            Self::OAuthBearer { tokens, .. } => oauthbearer::Client::new(tokens.newest()?).map(Client::OAuthBearer),
        };
        client.map_err(|error| ProofError::Refused(error.to_string()))
    }
}

/// For how long a node takes the gateway for who it is.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    /// By what it was authenticated.
    pub(crate) credentials: Arc<Credentials>,
    /// When it is to be authenticated again.
    pub(crate) due: Instant,
}

impl Lease {
    /// From when the last token was sent.
    fn new(credentials: Arc<Credentials>, since: Instant, lifetime: Duration) -> Self {
        Self {
            credentials,
            due: since + share(lifetime, USED).max(SOONEST),
        }
    }
}

/// Proves the credentials, and says until when that is good, if not for ever.
pub(crate) async fn prove<B: Broker>(
    credentials: &Arc<Credentials>,
    broker: &mut B,
) -> Result<Option<Lease>, ProofError> {
    let Proved { since, lifetime } = proof::prove(credentials.client()?, broker).await?;
    Ok(lifetime.map(|lifetime| Lease::new(Arc::clone(credentials), since, lifetime)))
}
