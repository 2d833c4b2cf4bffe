use aws_lc_rs::rand;
use data_encoding::BASE64;

use crate::RandomnessError;

/// Printable characters that no other exchange has, by which an old exchange can't be played again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// 144 random bits.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn random() -> Result<Self, RandomnessError> {
        let mut bytes = [0; 18];
        rand::fill(&mut bytes).map_err(|_| RandomnessError)?;
        Ok(Self(BASE64.encode(&bytes)))
    }

    /// A nonce that comes from elsewhere. `None` if it is empty, or has characters that are not printable ASCII, or a
    /// comma.
    pub fn new(nonce: impl Into<String>) -> Option<Self> {
        let nonce = nonce.into();
        let allowed = !nonce.is_empty() && nonce.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
        allowed.then_some(Self(nonce))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
