//! Tokens that were valid, and are gone.

use std::time::SystemTime;

use super::{Meaning, Token, Validator};
use crate::failure::Name;
use crate::jwt::TokenError;

impl Validator {
    /// Checks what is left of a token that was valid to this validator before, or to another one: whether it still would be.
    /// `None` if it says what it said then.
    ///
    /// Where there are no keys at all, none of them is missing: they are still to come. Whoever replaces a store by
    /// another one would lose all sessions otherwise.
    ///
    /// # Errors
    /// As those of [`Validator::validate`]; a key that is not in the store any more is unknown.
    pub fn validate_again(&self, token: &Token, now: SystemTime) -> Result<Option<Token>, TokenError> {
        let signed_by = &token.signed_by;
        self.check_size(signed_by.size)?;
        if !self.algorithms.contains(&signed_by.algorithm) {
            return Err(TokenError::Algorithm(Name::new(signed_by.algorithm.name())));
        }
        let keys = self.keys.keys();
        if !keys.is_empty() {
            signed_by.check(&keys)?;
        }
        let Meaning {
            principal,
            scopes,
            expires_at,
        } = self.check_claims(&token.claims, now)?;
        if (&principal, &scopes, expires_at) == (&token.principal, &token.scopes, token.expires_at) {
            return Ok(None);
        }
        Ok(Some(Token {
            principal,
            scopes,
            expires_at,
            claims: token.claims.clone(),
            signed_by: signed_by.clone(),
        }))
    }
}
