use std::sync::Arc;

use super::keys::{Key, Keys};
use super::{Algorithm, TokenError};
use crate::failure::Name;

/// What was judged of a token beside its claims: what is left of it to be judged again once the token itself is gone.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedBy {
    pub(super) key: Arc<Key>,
    pub(super) algorithm: Algorithm,
    /// The token names the key, and is for no other one of the same algorithm.
    pub(super) is_named: bool,
    /// The bytes of the token.
    pub(super) size: usize,
}

impl SignedBy {
    /// The algorithm of the signature.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The name of the key, if it has one.
    pub fn kid(&self) -> Option<&str> {
        self.key.kid()
    }

    /// Whether the key would still be found for the token.
    pub(super) fn check(&self, keys: &Keys) -> Result<(), TokenError> {
        let kid = self.kid().filter(|_| self.is_named);
        match keys.candidates(kid, self.algorithm).any(|key| key.is_same(&self.key)) {
            true => Ok(()),
            false => Err(not_found(keys, kid)),
        }
    }
}

/// What is wrong with a token if no key of this name has signed it.
pub(super) fn not_found(keys: &Keys, kid: Option<&str>) -> TokenError {
    match kid {
        Some(kid) if keys.knows(kid) => TokenError::Signature,
        kid => TokenError::UnknownKey {
            kid: kid.map(Name::new),
        },
    }
}
