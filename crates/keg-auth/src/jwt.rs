//! Bearer tokens that are JSON Web Tokens (RFC 7519), signed with a key of a JWKS (RFC 7517).
//!
//! Keys come as data: fetching them, and when, is the caller's. A [`KeyStore`] is where they are replaced while
//! validation goes on.
//!
//! The signature is verified by the crate jsonwebtoken. The claims are read here, because it would ask the system for
//! the time.

mod algorithm;
mod error;
mod keys;
mod signed_by;
mod store;
mod validator;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use error::TokenError;
pub use keys::{Keys, KeysError};
pub use signed_by::SignedBy;
pub use store::{KeySource, KeyStore, Renewal};
pub(crate) use validator::unverified_claims;
pub use validator::{Token, Validator};
