use crate::{Secret, scram};

/// What a user proves to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A password.
    Password(Secret),
    /// A password of which only a salted hash is known.
    Salted(scram::Credential),
}

/// A set of users that can't be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrincipalsError {
    /// A user without a name.
    #[error("a username is empty")]
    EmptyUsername,
    /// A NUL in a name or a password, which PLAIN can't carry.
    #[error("the username or the password of {username:?} has a NUL character")]
    Nul {
        /// The user.
        username: String,
    },
    /// A user twice.
    #[error("the user {username:?} is there twice")]
    Duplicate {
        /// The user.
        username: String,
    },
    /// A salted hash of the other SCRAM mechanism.
    #[error("the salted hash of {username:?} is one of {found}, which {expected} can't use")]
    Hash {
        /// The user.
        username: String,
        /// The mechanism that the users are for.
        expected: crate::Mechanism,
        /// The mechanism that the hash is for.
        found: crate::Mechanism,
    },
    /// A credential that can't be used.
    #[error("the credential of {username:?}: {error}")]
    Credential {
        /// The user.
        username: String,
        /// What is wrong with it.
        error: scram::CredentialError,
    },
}
