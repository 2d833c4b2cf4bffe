use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::num::NonZeroU32;

use super::credential::{MIN_ITERATIONS, SALT_SIZE};
use super::{Credential, Hash};
use crate::{PrincipalsError, ServerSecret};

/// Who may authenticate with one of the SCRAM mechanisms.
///
/// Whoever asks for a user who doesn't exist is shown a salt and iterations nevertheless, always the same ones, and
/// fails as one with a wrong password does. The iterations, and how long the salt is, are those of most of the users
/// who exist: give all of them the same, or those with others can be told.
pub struct Principals {
    hash: Hash,
    users: HashMap<Box<str>, Credential>,
    secret: ServerSecret,
    nobodys: Shape,
}

/// What is shown of a credential before anything is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Shape {
    iterations: NonZeroU32,
    salt_size: usize,
}

impl Principals {
    /// Users with their credentials. A password is hashed here, with 4096 iterations: that takes 0.4 ms with SHA-256 and
    /// 1.5 ms with SHA-512, so that thousands of users had better have salted hashes. Its salt is made from the secret and the name, as that of a user who doesn't exist is; adding a user
    /// doesn't change what is seen of it.
    ///
    /// # Errors
    /// For a name that is empty or there twice, an empty password, and a salted hash of the other mechanism.
    pub fn new<N: Into<Box<str>>>(
        hash: Hash,
        secret: ServerSecret,
        users: impl IntoIterator<Item = (N, crate::Credential)>,
    ) -> Result<Self, PrincipalsError> {
        let mut principals = Self {
            hash,
            users: HashMap::new(),
            secret,
            nobodys: Shape {
                iterations: NonZeroU32::new(MIN_ITERATIONS).unwrap_or(NonZeroU32::MIN),
                salt_size: SALT_SIZE,
            },
        };
        for (username, credential) in users {
            principals.add(username.into(), credential)?;
        }
        principals.nobodys = principals.commonest().unwrap_or(principals.nobodys);
        Ok(principals)
    }

    /// The hash function, and so the mechanism.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// If there is this user.
    pub fn contains(&self, username: &str) -> bool {
        self.users.contains_key(username)
    }

    /// The credential of a user, or one that nobody can prove to have.
    pub(super) fn find(&self, username: &str) -> (Credential, bool) {
        let salt = self.salt(username, self.nobodys.salt_size);
        let key = self.secret.derive("SCRAM key", username.as_bytes());
        let nobodys = Credential::nobodys(self.hash, self.nobodys.iterations, &salt, key.as_ref());
        match self.users.get(username) {
            Some(credential) => (credential.clone(), true),
            None => (nobodys, false),
        }
    }

    fn add(&mut self, username: Box<str>, credential: crate::Credential) -> Result<(), PrincipalsError> {
        if username.is_empty() {
            return Err(PrincipalsError::EmptyUsername);
        }
        if username.contains('\0') {
            return Err(PrincipalsError::Nul {
                username: username.into(),
            });
        }
        if self.contains(&username) {
            return Err(PrincipalsError::Duplicate {
                username: username.into(),
            });
        }
        let credential = match credential {
            crate::Credential::Salted(credential) if credential.hash() == self.hash => credential,
            crate::Credential::Salted(credential) => {
                return Err(PrincipalsError::Hash {
                    username: username.into(),
                    expected: self.hash.mechanism(),
                    found: credential.hash().mechanism(),
                });
            }
            crate::Credential::Password(password) => {
                let salt = self.salt(&username, SALT_SIZE);
                Credential::derive(self.hash, password.reveal(), &salt, MIN_ITERATIONS).map_err(|error| {
                    PrincipalsError::Credential {
                        username: username.to_string(),
                        error,
                    }
                })?
            }
        };
        self.users.insert(username, credential);
        Ok(())
    }

    fn salt(&self, username: &str, size: usize) -> Vec<u8> {
        let purpose = match self.hash {
            Hash::Sha256 => "SCRAM-SHA-256 salt",
            Hash::Sha512 => "SCRAM-SHA-512 salt",
        };
        let derived = self.secret.derive(purpose, username.as_bytes());
        derived.as_ref().iter().copied().take(size).collect()
    }

    fn commonest(&self) -> Option<Shape> {
        let mut counts = BTreeMap::<Shape, usize>::new();
        for credential in self.users.values() {
            let iterations = NonZeroU32::new(credential.iterations())?;
            let salt_size = credential.salt().len();
            *counts.entry(Shape { iterations, salt_size }).or_default() += 1;
        }
        counts
            .into_iter()
            .max_by_key(|(_, count)| *count)
            .map(|(shape, _)| shape)
    }
}

impl fmt::Debug for Principals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principals")
            .field("hash", &self.hash)
            .field("users", &self.users.len())
            .finish_non_exhaustive()
    }
}
