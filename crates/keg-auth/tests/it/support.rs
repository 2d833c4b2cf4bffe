use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keg_auth::scram::{self, Hash, Nonce};
use keg_auth::{Credential, Secret, ServerSecret, plain};

pub(crate) const MALFORMED_PLAIN: &str = "Authentication failed: the message is not one of the SASL mechanism PLAIN";

/// A time that every test may take for now.
pub(crate) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

pub(crate) fn secret() -> ServerSecret {
    ServerSecret::from_bytes(b"the same in every test")
}

pub(crate) fn password(password: &str) -> Credential {
    Credential::Password(Secret::new(password))
}

pub(crate) fn salted(hash: Hash, password: &str) -> Credential {
    Credential::Salted(scram::Credential::derive(hash, password, b"some salt, 16 B.", 4096).unwrap())
}

pub(crate) fn plain(users: &[(&str, Credential)]) -> Arc<plain::Principals> {
    let users = users.iter().map(|(name, credential)| (*name, credential.clone()));
    Arc::new(plain::Principals::new(secret(), users).unwrap())
}

pub(crate) fn scram(hash: Hash, users: &[(&str, Credential)]) -> Arc<scram::Principals> {
    let users = users.iter().map(|(name, credential)| (*name, credential.clone()));
    Arc::new(scram::Principals::new(hash, secret(), users).unwrap())
}

pub(crate) fn nonce(nonce: &str) -> Nonce {
    Nonce::new(nonce).unwrap()
}

pub(crate) fn scram_client(hash: Hash, username: &str, password: &str) -> scram::Client {
    scram::Client::new(hash, username, Secret::new(password), nonce("client")).unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}
