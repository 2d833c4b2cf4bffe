//! What a server keeps of a password.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use aws_lc_rs::rand;
use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::hash::{self, Hash};
use crate::{Mechanism, RandomnessError};

/// The fewest iterations that Kafka's clients and brokers accept.
pub const MIN_ITERATIONS: u32 = 4096;

/// The most iterations that are accepted, of a server too: what they cost is paid before anybody is authenticated.
pub const MAX_ITERATIONS: u32 = 1_000_000;

/// Bytes of the salts that are made here.
pub(crate) const SALT_SIZE: usize = 16;

/// A longer salt has no use, and would be sent to everybody who asks.
const MAX_SALT_SIZE: usize = 64;

/// A salted hash of a password: enough to check who has it, over SCRAM and over PLAIN, and not enough to be taken for
/// somebody who has it.
///
/// Its text is that of PostgreSQL: `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`, bytes in Base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    hash: Hash,
    iterations: NonZeroU32,
    salt: Vec<u8>,
    stored_key: Zeroizing<Vec<u8>>,
    server_key: Zeroizing<Vec<u8>>,
}

/// What is no credential, or not one that Kafka's clients would accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The text has another form.
    #[error("expected SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey, or the same with SCRAM-SHA-512")]
    Form,
    /// A part of the text is not Base64 with its padding.
    #[error("the {0} is not Base64 (with padding)")]
    Base64(&'static str),
    /// A key is not as long as its hash is.
    #[error("the {part} has {found} bytes, expected {expected}")]
    KeySize {
        /// Which key.
        part: &'static str,
        /// The bytes that the hash has.
        expected: usize,
        /// The bytes that there are.
        found: usize,
    },
    /// Too few or too many iterations.
    #[error("expected {MIN_ITERATIONS} to {MAX_ITERATIONS} iterations, found {0}")]
    Iterations(u32),
    /// No salt, or too much of it.
    #[error("expected a salt of 1 to {MAX_SALT_SIZE} bytes, found {0}")]
    SaltSize(usize),
    /// An empty password, which no mechanism can use.
    #[error("the password is empty")]
    EmptyPassword,
    /// No salt could be made.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
}

impl Credential {
    /// Hashes a password with a salt of 16 random bytes. The bytes of the password are taken as they are: Kafka and
    /// librdkafka don't apply SASLprep either.
    ///
    /// # Errors
    /// For an empty password, and iterations that are out of bounds.
    pub fn generate(hash: Hash, password: &str, iterations: u32) -> Result<Self, CredentialError> {
        let mut salt = [0; SALT_SIZE];
        rand::fill(&mut salt).map_err(|_| RandomnessError)?;
        Self::derive(hash, password, &salt, iterations)
    }

    /// Hashes a password with a given salt.
    ///
    /// # Errors
    /// For an empty password, and a salt or iterations that are out of bounds.
    pub fn derive(hash: Hash, password: &str, salt: &[u8], iterations: u32) -> Result<Self, CredentialError> {
        if password.is_empty() {
            return Err(CredentialError::EmptyPassword);
        }
        let iterations = checked_iterations(iterations)?;
        check_salt(salt)?;
        let salted = hash.hi(password, salt, iterations);
        Ok(Self {
            hash,
            iterations,
            salt: salt.to_vec(),
            stored_key: hash.digest(&hash.hmac(&salted, b"Client Key")),
            server_key: hash.hmac(&salted, b"Server Key"),
        })
    }

    /// What nobody has the password of.
    pub(super) fn nobodys(hash: Hash, iterations: NonZeroU32, salt: &[u8], key: &[u8]) -> Self {
        Self {
            hash,
            iterations,
            salt: salt.to_vec(),
            stored_key: hash.digest(key),
            server_key: hash.digest(key),
        }
    }

    /// The hash function.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// How often it is applied.
    pub fn iterations(&self) -> u32 {
        self.iterations.get()
    }

    /// The salt, which is no secret.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// If this is the password. It costs what the iterations cost, right or wrong.
    pub fn verify(&self, password: &str) -> bool {
        let salted = self.hash.hi(password, &self.salt, self.iterations);
        let stored_key = self.hash.digest(&self.hash.hmac(&salted, b"Client Key"));
        hash::equal(&stored_key, &self.stored_key)
    }

    /// The text that is parsed again. It is worth protecting: passwords that are easily guessed can be found with it.
    pub fn to_text(&self) -> String {
        format!(
            "{}${}:{}${}:{}",
            self.hash.mechanism(),
            self.iterations,
            BASE64.encode(&self.salt),
            BASE64.encode(&self.stored_key),
            BASE64.encode(&self.server_key)
        )
    }

    pub(super) fn stored_key(&self) -> &[u8] {
        &self.stored_key
    }

    pub(super) fn server_key(&self) -> &[u8] {
        &self.server_key
    }
}

impl FromStr for Credential {
    type Err = CredentialError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('$');
        let (Some(mechanism), Some(salting), Some(keys), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(CredentialError::Form);
        };
        let hash = match mechanism.parse() {
            Ok(Mechanism::ScramSha256) => Hash::Sha256,
            Ok(Mechanism::ScramSha512) => Hash::Sha512,
            _ => return Err(CredentialError::Form),
        };
        let (iterations, salt) = salting.split_once(':').ok_or(CredentialError::Form)?;
        let (stored_key, server_key) = keys.split_once(':').ok_or(CredentialError::Form)?;
        let iterations = checked_iterations(iterations.parse().map_err(|_| CredentialError::Form)?)?;
        let salt = decode("salt", salt)?;
        check_salt(&salt)?;
        Ok(Self {
            hash,
            iterations,
            salt,
            stored_key: key(hash, "StoredKey", stored_key)?,
            server_key: key(hash, "ServerKey", server_key)?,
        })
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("hash", &self.hash)
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

fn checked_iterations(iterations: u32) -> Result<NonZeroU32, CredentialError> {
    NonZeroU32::new(iterations)
        .filter(|iterations| (MIN_ITERATIONS..=MAX_ITERATIONS).contains(&iterations.get()))
        .ok_or(CredentialError::Iterations(iterations))
}

fn check_salt(salt: &[u8]) -> Result<(), CredentialError> {
    match salt.len() {
        1..=MAX_SALT_SIZE => Ok(()),
        size => Err(CredentialError::SaltSize(size)),
    }
}

fn key(hash: Hash, part: &'static str, text: &str) -> Result<Zeroizing<Vec<u8>>, CredentialError> {
    let bytes = Zeroizing::new(decode(part, text)?);
    if bytes.len() == hash.size() {
        Ok(bytes)
    } else {
        Err(CredentialError::KeySize {
            part,
            expected: hash.size(),
            found: bytes.len(),
        })
    }
}

fn decode(part: &'static str, text: &str) -> Result<Vec<u8>, CredentialError> {
    BASE64
        .decode(text.as_bytes())
        .map_err(|_| CredentialError::Base64(part))
}
