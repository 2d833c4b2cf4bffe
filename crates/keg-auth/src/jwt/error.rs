use crate::failure::Name;

/// Why a token isn't valid: for the operator, not for who sent it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than is allowed.
    #[error("{size} bytes, of which {max} are allowed")]
    TooLong {
        /// The bytes of the token.
        size: usize,
        /// How many there may be.
        max: usize,
    },
    /// No JWT, or one that needs what isn't known here.
    #[error("not a signed JWT: {0}")]
    Malformed(&'static str),
    /// An algorithm that isn't allowed.
    #[error("signed with {0}, which is not allowed")]
    Algorithm(Name),
    /// A key that isn't known, or isn't known yet. Without a `kid`: no key that is known has signed it.
    #[error("signed with a key that is not known (kid {})", kid.as_ref().map_or_else(|| "missing".into(), Name::to_string))]
    UnknownKey {
        /// The key's id.
        kid: Option<Name>,
    },
    /// The key is known, and hasn't signed this.
    #[error("the signature is wrong")]
    Signature,
    /// Another issuer, or none.
    #[error("expected the issuer {expected:?}, found {}", found.as_ref().map_or_else(|| "none".into(), Name::to_string))]
    Issuer {
        /// The issuer that is configured.
        expected: String,
        /// That of the token.
        found: Option<Name>,
    },
    /// For none of the audiences.
    #[error("the audience is none of {expected:?}")]
    Audience {
        /// Those that are configured.
        expected: Vec<String>,
    },
    /// Its time is over.
    #[error("expired {seconds} s ago, beyond the clock skew")]
    Expired {
        /// Since when.
        seconds: u64,
    },
    /// Its time is still to come.
    #[error("not valid yet: {seconds} s too early, beyond the clock skew")]
    NotYetValid {
        /// When it will be.
        seconds: u64,
    },
    /// A claim that is needed is missing or of another type.
    #[error("no claim {claim:?} that is {expected}")]
    Claim {
        /// Its name.
        claim: String,
        /// What it should be.
        expected: &'static str,
    },
}
