use std::fmt;
use std::str::FromStr;

use jsonwebtoken::Algorithm as Jws;

/// A signature algorithm of RFC 7518 or RFC 8037. There is no `none` among them and no HMAC, whose key everybody would
/// have who can check it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are those of RFC 7518")]
pub enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// The name in a token's header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(super) fn jws(self) -> Jws {
        match self {
            Self::Rs256 => Jws::RS256,
            Self::Rs384 => Jws::RS384,
            Self::Rs512 => Jws::RS512,
            Self::Ps256 => Jws::PS256,
            Self::Ps384 => Jws::PS384,
            Self::Ps512 => Jws::PS512,
            Self::Es256 => Jws::ES256,
            Self::Es384 => Jws::ES384,
            Self::EdDsa => Jws::EdDSA,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is no signature algorithm, or none that is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA, found {0:?}")]
pub struct UnknownAlgorithm(String);

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| UnknownAlgorithm(name.chars().take(64).collect()))
    }
}
