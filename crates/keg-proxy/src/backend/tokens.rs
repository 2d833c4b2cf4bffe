//! Tokens by which the gateway authenticates to brokers. Who fetches them is elsewhere.

use std::time::Duration;

use keg_auth::Secret;
use tokio::sync::watch;
use tokio::time::Instant;

use super::proof::ProofError;
use super::spread::share;

/// How much is used of the time for which a token is good, at least: the rest is for who gives them out to be down.
const USED: f32 = 0.75;

/// Where the tokens for the brokers of a cluster are read. Clones read the same ones.
#[derive(Debug, Clone)]
pub struct Tokens(watch::Receiver<State>);

/// Where they are written. Once it is dropped, the last one stays until it ends.
#[derive(Debug)]
pub struct TokenFeed(watch::Sender<State>);

#[derive(Debug, Clone)]
enum State {
    /// The first one is on its way.
    Awaited,
    Token(Secret, Instant),
    /// There is none, for this reason.
    Failed(String),
}

impl State {
    fn is_good(&self) -> bool {
        matches!(self, Self::Token(_, until) if Instant::now() < *until)
    }
}

impl Default for TokenFeed {
    fn default() -> Self {
        Self(watch::Sender::new(State::Awaited))
    }
}

impl TokenFeed {
    /// One that begins with the token that the other has, if it has one.
    #[must_use]
    pub fn continuing(other: &Self) -> Self {
        let state = other.0.borrow().clone();
        let state = if state.is_good() { state } else { State::Awaited };
        Self(watch::Sender::new(state))
    }

    /// Where what is written here is read.
    pub fn tokens(&self) -> Tokens {
        Tokens(self.0.subscribe())
    }

    /// The next token, and until when it is good.
    pub fn give(&self, token: Secret, until: Instant) {
        self.0.send_replace(State::Token(token, until));
    }

    /// How long after a token was asked for that is good for this time the next one is best asked for: 75 to 85 percent of
    /// it, by chance, so that gateways that began together don't go on together.
    pub fn renew_after(lifetime: Duration) -> Duration {
        share(lifetime, USED)
    }

    /// No token could be had. The last one stays while it is good, which this tells; otherwise whoever needs one fails
    /// with this reason.
    pub fn fail(&self, reason: impl Into<String>) -> bool {
        let mut stays = false;
        self.0.send_if_modified(|state| {
            stays = state.is_good();
            if !stays {
                *state = State::Failed(reason.into());
            }
            !stays
        });
        stays
    }
}

impl Tokens {
    /// Waits until there is a token, or is known to be none.
    pub(crate) async fn ready(&self) -> Result<(), ProofError> {
        let mut tokens = self.0.clone();
        let decided = |state: &State| state.is_good() || matches!(state, State::Failed(_));
        match tokens.wait_for(decided).await.as_deref() {
            Ok(State::Failed(reason)) => Err(none(reason)),
            Ok(_) => Ok(()),
            Err(_) => Err(none("nobody fetches any")),
        }
    }

    pub(crate) fn newest(&self) -> Result<Secret, ProofError> {
        match &*self.0.borrow() {
            State::Token(token, until) if Instant::now() < *until => Ok(token.clone()),
            State::Token(..) => Err(none("the last one has ended")),
            State::Awaited => Err(none("the first one is on its way")),
            State::Failed(reason) => Err(none(reason)),
        }
    }
}

fn none(reason: &str) -> ProofError {
    ProofError::Undecided(format!("there is no token for the brokers: {reason}"))
}

/// Whether they are from the same feed.
impl PartialEq for Tokens {
    fn eq(&self, other: &Self) -> bool {
        self.0.same_channel(&other.0)
    }
}

impl Eq for Tokens {}
