//! Who signs the tokens that brokers take, and gives out the keys of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use serde_json::json;

use crate::signers::{Signer, claims};
use crate::tokens::Endpoint;

/// For whom tokens are that brokers take.
pub(crate) const AUDIENCE: &str = "brokers";

/// Keys that sign in turn.
pub(crate) struct Keys {
    signer: Signer,
    signed: AtomicUsize,
}

/// An endpoint that gives out the keys by which brokers check tokens.
pub(crate) struct Issuer {
    pub(crate) keys: Keys,
    endpoint: Endpoint,
}

impl Issuer {
    /// The one of all brokers, which never fails.
    pub(crate) fn of_brokers() -> &'static Self {
        static OF_BROKERS: OnceLock<Issuer> = OnceLock::new();
        OF_BROKERS.get_or_init(|| {
            let (keys, endpoint) = (Keys::new(), Endpoint::start());
            let given = keys.signer.jwks();
            endpoint.answer(move |_| given.clone());
            Self { keys, endpoint }
        })
    }

    /// Where the keys are.
    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/keys", self.endpoint.port)
    }

    /// The authority of the endpoint's certificate, as PEM.
    pub(crate) fn ca(&self) -> &str {
        &self.endpoint.ca
    }
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self {
            signer: Signer::new(),
            signed: AtomicUsize::new(0),
        }
    }

    /// A token of keg's that is good for this time from now on, signed with one key and another in turn.
    pub(crate) fn token(&self, seconds: u64) -> String {
        self.token_of("keg", seconds)
    }

    /// The same, of somebody's.
    pub(crate) fn token_of(&self, subject: &str, seconds: u64) -> String {
        self.token_for(AUDIENCE, subject, seconds)
    }

    /// The same, for somebody else than the brokers.
    pub(crate) fn token_for(&self, audience: &str, subject: &str, seconds: u64) -> String {
        let (algorithm, kid) = [("ES256", "p256"), ("RS256", "rsa")][self.signed.fetch_add(1, Ordering::Relaxed) % 2];
        // Never shorter than it is said to be, for all that whole seconds leave out.
        self.signer
            .sign(algorithm, kid, &claims(subject, audience, seconds + 1))
    }
}

/// Gives out tokens that end after so many seconds, and says so. How many were given is counted.
pub(crate) fn give_tokens(endpoint: &Endpoint, keys: &'static Keys, expires_in: u64) -> Arc<AtomicUsize> {
    let given = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&given);
    answer_with(endpoint, expires_in, move || {
        count.fetch_add(1, Ordering::Relaxed);
        keys.token(expires_in)
    });
    given
}

/// Gives out tokens that nobody can check.
pub(crate) fn give_forged_tokens(endpoint: &Endpoint) {
    let keys = Arc::new(Keys::new());
    answer_with(endpoint, 3600, move || keys.token(3600));
}

fn answer_with(endpoint: &Endpoint, expires_in: u64, token: impl Fn() -> String + Send + 'static) {
    endpoint.answer(move |request| {
        let is_right = request.starts_with("POST /token HTTP/1.1\r\n")
            && request.contains("authorization: Basic a2VnOmh1bnRlcjI=\r\n")
            && request.ends_with("\r\n\r\ngrant_type=client_credentials&scope=kafka");
        match is_right {
            true => json!({ "access_token": token(), "token_type": "Bearer", "expires_in": expires_in }),
            false => json!({ "not": "as expected" }),
        }
    });
}
