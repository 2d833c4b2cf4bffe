//! SASL, on both legs.

use keg_auth::scram;

use super::super::secret::Secret;

/// Who checks what a client proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mediation {
    /// The gateway.
    Terminate,
    /// The brokers.
    Passthrough,
}

/// Who may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Users {
    /// These; at least one, each once.
    Listed(Vec<Principal>),
    /// Whoever the brokers let.
    OfBrokers,
}

/// The hash function of a SCRAM mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScramAlgorithm {
    /// SCRAM-SHA-256.
    Sha256,
    /// SCRAM-SHA-512.
    Sha512,
}

impl ScramAlgorithm {
    /// The hash function that is meant.
    #[must_use]
    pub fn hash(self) -> scram::Hash {
        match self {
            Self::Sha256 => scram::Hash::Sha256,
            Self::Sha512 => scram::Hash::Sha512,
        }
    }
}

/// Somebody who may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The name.
    pub username: String,
    /// What is to be proved.
    pub credential: Credential,
}

/// What somebody proves to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A password.
    Password(Secret),
    /// A password of which only a salted hash is known.
    Hash(scram::Credential),
}

/// A user of a backend cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendUser {
    /// The name.
    pub username: String,
    /// The password.
    pub password: Secret,
}
