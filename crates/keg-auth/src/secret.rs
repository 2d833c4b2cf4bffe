//! What must not be printed, and is wiped when it goes.

use std::fmt;

use aws_lc_rs::{digest, hmac, rand};
use zeroize::Zeroizing;

/// A password or a token. Its `Debug` prints none of it, and its memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The key that salts of users who don't exist are made with, so that nobody can tell them from those who do.
///
/// A salt that changes gives its user away as one who doesn't exist. The key should therefore outlive restarts, and be
/// the same wherever a client may be connected: give it [`ServerSecret::from_bytes`] of something that is configured.
/// [`ServerSecret::random`] is for a process of its own.
#[derive(Clone)]
pub struct ServerSecret(Zeroizing<[u8; 32]>);

impl ServerSecret {
    /// A key from any bytes that others don't know.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let hash = digest::digest(&digest::SHA256, bytes);
        let mut key = [0; 32];
        key.copy_from_slice(hash.as_ref());
        Self(Zeroizing::new(key))
    }

    /// A key for the life of the process.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn random() -> Result<Self, RandomnessError> {
        let mut key = Zeroizing::new([0; 32]);
        rand::fill(&mut *key).map_err(|_| RandomnessError)?;
        Ok(Self(key))
    }

    /// 64 bytes that only this key gives for the parts, which can't run into each other.
    pub(crate) fn derive(&self, purpose: &str, of: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA512, &*self.0));
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(of);
        context.sign()
    }
}

impl fmt::Debug for ServerSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerSecret(..)")
    }
}

/// The system has no randomness to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system's random number generator failed")]
pub struct RandomnessError;
