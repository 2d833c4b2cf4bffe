mod again;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use super::keys::Key;
use super::signed_by::not_found;
use super::{Algorithm, KeyStore, SignedBy, TokenError};
use crate::failure::Name;
use crate::{Claim, Claims};

/// What a token has to be.
///
/// It must be signed with a key of the store and an allowed algorithm, and say when it expires and who its principal is.
/// An issuer and audiences are compared where they are set, and should be: without them, every token of the keys'
/// owner is good enough, whatever it was given out for.
#[derive(Debug, Clone)]
pub struct Validator {
    keys: KeyStore,
    algorithms: Vec<Algorithm>,
    issuer: Option<String>,
    audiences: Vec<String>,
    clock_skew: Duration,
    max_size: usize,
    principal_claim: String,
    scope_claim: String,
}

/// What a valid token says.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Who it was given to.
    pub principal: String,
    /// What it was given for.
    pub scopes: Vec<String>,
    /// Until when it is accepted, clock skew included.
    pub expires_at: SystemTime,
    /// All of its claims.
    pub claims: Claims,
    /// What it is signed with.
    pub signed_by: SignedBy,
}

/// What the claims of a token say to a validator.
struct Meaning {
    principal: String,
    scopes: Vec<String>,
    expires_at: SystemTime,
}

impl Validator {
    /// Takes tokens of any issuer, for any audience, of up to 64 KiB, with every algorithm but `none` and HMAC, 30 s of
    /// clock skew, `sub` as principal and `scope` as scopes.
    pub fn new(keys: KeyStore) -> Self {
        Self {
            keys,
            algorithms: Algorithm::ALL.to_vec(),
            issuer: None,
            audiences: Vec::new(),
            clock_skew: Duration::from_secs(30),
            max_size: 64 * 1024,
            principal_claim: "sub".to_owned(),
            scope_claim: "scope".to_owned(),
        }
    }

    /// Only these algorithms.
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Only tokens of this issuer.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Only tokens for one of these audiences.
    #[must_use]
    pub fn audiences(mut self, audiences: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.audiences = audiences.into_iter().map(Into::into).collect();
        self
    }

    /// How far the clock of who gave the token out may be off.
    #[must_use]
    pub fn clock_skew(mut self, clock_skew: Duration) -> Self {
        self.clock_skew = clock_skew;
        self
    }

    /// The bytes that a token may have.
    #[must_use]
    pub fn max_size(mut self, max_size: usize) -> Self {
        self.max_size = max_size;
        self
    }

    /// The claim that names the principal.
    #[must_use]
    pub fn principal_claim(mut self, claim: impl Into<String>) -> Self {
        self.principal_claim = claim.into();
        self
    }

    /// The claim with the scopes: one text with spaces, or a list.
    #[must_use]
    pub fn scope_claim(mut self, claim: impl Into<String>) -> Self {
        self.scope_claim = claim.into();
        self
    }

    /// The store of the keys.
    pub fn keys(&self) -> &KeyStore {
        &self.keys
    }

    /// Reads a token and checks it.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`] for a key that may be known once keys are fetched anew; the others are final.
    pub fn validate(&self, token: &str, now: SystemTime) -> Result<Token, TokenError> {
        self.check_size(token.len())?;
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed("no signature"))?;
        let (header, payload) = message
            .split_once('.')
            .ok_or(TokenError::Malformed("not three parts"))?;
        let (key, algorithm, is_named) = self.check_signature(&object(header, "its header")?, message, signature)?;
        let claims = claims(payload)?;
        let Meaning {
            principal,
            scopes,
            expires_at,
        } = self.check_claims(&claims, now)?;
        Ok(Token {
            principal,
            scopes,
            expires_at,
            claims,
            signed_by: SignedBy {
                key,
                algorithm,
                is_named,
                size: token.len(),
            },
        })
    }

    /// The JSON that RFC 7628 has for a token that isn't valid. What is wrong with it is not said.
    pub(crate) fn status(&self, error: &TokenError) -> String {
        match error {
            TokenError::Malformed(_) | TokenError::TooLong { .. } => r#"{"status":"invalid_request"}"#,
            _ => r#"{"status":"invalid_token"}"#,
        }
        .to_owned()
    }

    /// The token, and as much again for what stands beside it.
    pub(crate) fn max_message_size(&self) -> usize {
        self.max_size.saturating_mul(2)
    }

    fn check_size(&self, size: usize) -> Result<(), TokenError> {
        let max = self.max_size;
        match size > max {
            true => Err(TokenError::TooLong { size, max }),
            false => Ok(()),
        }
    }

    /// The key that has signed it, by which algorithm, and whether the token names the key.
    fn check_signature(
        &self,
        header: &serde_json::Map<String, Value>,
        message: &str,
        signature: &str,
    ) -> Result<(Arc<Key>, Algorithm, bool), TokenError> {
        if header.contains_key("crit") {
            return Err(TokenError::Malformed(
                "its header has extensions (crit) that nobody knows here",
            ));
        }
        let name = header
            .get("alg")
            .and_then(Value::as_str)
            .ok_or(TokenError::Malformed("its header has no algorithm (alg)"))?;
        let algorithm = match name.parse() {
            Ok(algorithm) if self.algorithms.contains(&algorithm) => algorithm,
            _ => return Err(TokenError::Algorithm(Name::new(name))),
        };
        let kid = match header.get("kid") {
            None => None,
            Some(kid) => Some(
                kid.as_str()
                    .ok_or(TokenError::Malformed("its key id (kid) is not a text"))?,
            ),
        };
        let signature = decode(signature, "its signature is not Base64url")?;
        let keys = self.keys.keys();
        let mut candidates = keys.candidates(kid, algorithm);
        match candidates.find(|key| key.has_signed(message.as_bytes(), &signature, algorithm)) {
            Some(key) => Ok((Arc::clone(key), algorithm, kid.is_some())),
            None => Err(not_found(&keys, kid)),
        }
    }

    fn check_claims(&self, claims: &Claims, now: SystemTime) -> Result<Meaning, TokenError> {
        let missing = |claim: &str, expected| TokenError::Claim {
            claim: claim.to_owned(),
            expected,
        };
        let date = |claim: &str| match claims.get(claim) {
            None => Ok(None),
            Some(value) => value.as_date().map(Some).ok_or_else(|| missing(claim, "a date")),
        };
        let text = |claim: &str| claims.get(claim).and_then(Claim::as_text);

        let found = text("iss");
        if let Some(expected) = &self.issuer
            && found != Some(expected)
        {
            return Err(TokenError::Issuer {
                expected: expected.clone(),
                found: found.map(Name::new),
            });
        }
        let audiences = texts(claims.get("aud"), |text| vec![text]);
        if !self.audiences.is_empty() && !self.audiences.iter().any(|one| audiences.contains(&one.as_str())) {
            return Err(TokenError::Audience {
                expected: self.audiences.clone(),
            });
        }
        if let Some(from) = date("nbf")?
            && let Ok(early) = from.duration_since(now)
            && early > self.clock_skew
        {
            return Err(TokenError::NotYetValid {
                seconds: early.as_secs(),
            });
        }
        let expires = date("exp")?.ok_or_else(|| missing("exp", "a date"))?;
        let expires_at = expires.checked_add(self.clock_skew).unwrap_or(expires);
        if expires_at <= now {
            return Err(TokenError::Expired {
                seconds: now.duration_since(expires).unwrap_or_default().as_secs(),
            });
        }
        let principal = text(&self.principal_claim)
            .filter(|principal| !principal.is_empty())
            .ok_or_else(|| missing(&self.principal_claim, "a text, and not empty"))?
            .to_owned();
        let scopes = texts(claims.get(&self.scope_claim), |text| text.split(' ').collect());
        Ok(Meaning {
            principal,
            scopes: scopes
                .into_iter()
                .filter(|scope| !scope.is_empty())
                .map(str::to_owned)
                .collect(),
            expires_at,
        })
    }
}

/// The claims of a token that nobody has checked.
pub(crate) fn unverified_claims(token: &str) -> Option<Claims> {
    claims(token.split('.').nth(1)?).ok()
}

fn claims(payload: &str) -> Result<Claims, TokenError> {
    let payload = object(payload, "its payload")?;
    Ok(payload
        .into_iter()
        .map(|(name, value)| (name, Claim::from_json(value)))
        .collect())
}

fn object(part: &str, which: &'static str) -> Result<serde_json::Map<String, Value>, TokenError> {
    match serde_json::from_slice(&decode(part, which)?) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(TokenError::Malformed(which)),
    }
}

fn decode(part: &str, which: &'static str) -> Result<Vec<u8>, TokenError> {
    BASE64URL_NOPAD
        .decode(part.as_bytes())
        .map_err(|_| TokenError::Malformed(which))
}

/// A text, or a list of texts.
fn texts<'a>(claim: Option<&'a Claim>, of_text: impl FnOnce(&'a str) -> Vec<&'a str>) -> Vec<&'a str> {
    match claim {
        Some(Claim::Text(text)) => of_text(text),
        Some(Claim::List(list)) => list.iter().filter_map(Claim::as_text).collect(),
        _ => Vec::new(),
    }
}
