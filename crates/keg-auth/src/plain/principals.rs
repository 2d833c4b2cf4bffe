use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;

use crate::scram::{self, Hash};
use crate::{Credential, PrincipalsError, ServerSecret};

/// Who may authenticate with PLAIN.
///
/// All attempts cost the same, so that the time tells neither who exists nor how a password is kept: as much as the most
/// expensive salted hash among the credentials, whosever it is; next to nothing where all of them are passwords.
pub struct Principals {
    users: HashMap<Box<str>, Verifier>,
    secret: ServerSecret,
    cost: Cost,
}

enum Verifier {
    /// Of a password, what only this secret gives. The password itself isn't kept.
    Keyed([u8; 64]),
    Salted(scram::Credential),
}

/// Iterations of each hash function.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    sha256: u32,
    sha512: u32,
}

impl Principals {
    /// Users with their credentials; salted hashes of either function.
    ///
    /// # Errors
    /// For a name that is empty or there twice, an empty password, and NUL in either of them.
    pub fn new<N: Into<Box<str>>>(
        secret: ServerSecret,
        users: impl IntoIterator<Item = (N, Credential)>,
    ) -> Result<Self, PrincipalsError> {
        let mut principals = Self {
            users: HashMap::new(),
            secret,
            cost: Cost::default(),
        };
        for (username, credential) in users {
            principals.add(username.into(), credential)?;
        }
        Ok(principals)
    }

    /// If there is this user.
    pub fn contains(&self, username: &str) -> bool {
        self.users.contains_key(username)
    }

    /// If it is the password of the user.
    pub(super) fn verify(&self, username: &str, password: &str) -> bool {
        let keyed = self.keyed(password);
        let (proved, spent) = match self.users.get(username) {
            Some(Verifier::Keyed(expected)) => (scram::equal(&keyed, expected), Cost::default()),
            Some(Verifier::Salted(credential)) => (credential.verify(password), Cost::of(credential)),
            None => (false, Cost::default()),
        };
        self.cost.less(spent).spend(password);
        proved
    }

    fn add(&mut self, username: Box<str>, credential: Credential) -> Result<(), PrincipalsError> {
        let nul = |text: &str| text.contains('\0');
        if username.is_empty() {
            return Err(PrincipalsError::EmptyUsername);
        }
        if nul(&username) || matches!(&credential, Credential::Password(password) if nul(password.reveal())) {
            return Err(PrincipalsError::Nul {
                username: username.into(),
            });
        }
        if self.contains(&username) {
            return Err(PrincipalsError::Duplicate {
                username: username.into(),
            });
        }
        let verifier = match credential {
            Credential::Password(password) if password.reveal().is_empty() => {
                return Err(PrincipalsError::Credential {
                    username: username.into(),
                    error: scram::CredentialError::EmptyPassword,
                });
            }
            Credential::Password(password) => Verifier::Keyed(self.keyed(password.reveal())),
            Credential::Salted(credential) => {
                self.cost = self.cost.most(Cost::of(&credential));
                Verifier::Salted(credential)
            }
        };
        self.users.insert(username, verifier);
        Ok(())
    }

    fn keyed(&self, password: &str) -> [u8; 64] {
        let mut keyed = [0; 64];
        keyed.copy_from_slice(self.secret.derive("PLAIN password", password.as_bytes()).as_ref());
        keyed
    }
}

impl Cost {
    fn of(credential: &scram::Credential) -> Self {
        match credential.hash() {
            Hash::Sha256 => Self {
                sha256: credential.iterations(),
                sha512: 0,
            },
            Hash::Sha512 => Self {
                sha256: 0,
                sha512: credential.iterations(),
            },
        }
    }

    fn most(self, other: Self) -> Self {
        Self {
            sha256: self.sha256.max(other.sha256),
            sha512: self.sha512.max(other.sha512),
        }
    }

    fn less(self, spent: Self) -> Self {
        Self {
            sha256: self.sha256.saturating_sub(spent.sha256),
            sha512: self.sha512.saturating_sub(spent.sha512),
        }
    }

    /// Does the work for nothing.
    fn spend(self, password: &str) {
        for (hash, iterations) in [(Hash::Sha256, self.sha256), (Hash::Sha512, self.sha512)] {
            if let Some(iterations) = NonZeroU32::new(iterations) {
                std::hint::black_box(hash.hi(password, &[0; scram::SALT_SIZE], iterations));
            }
        }
    }
}

impl fmt::Debug for Principals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principals")
            .field("users", &self.users.len())
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attempt_costs_as_much_as_the_most_expensive_one() {
        let salted = |hash, iterations| {
            Credential::Salted(scram::Credential::derive(hash, "right", b"salt", iterations).unwrap())
        };
        let principals = Principals::new(
            ServerSecret::from_bytes(b"test"),
            [
                ("ann", salted(Hash::Sha256, 4096)),
                ("bob", salted(Hash::Sha256, 5000)),
                ("cid", salted(Hash::Sha512, 4500)),
                ("dan", Credential::Password("right".into())),
            ],
        )
        .unwrap();
        let cost = principals.cost;
        assert_eq!((cost.sha256, cost.sha512), (5000, 4500));
        for user in ["ann", "bob", "cid", "dan", "eve"] {
            let spent = match principals.users.get(user) {
                Some(Verifier::Salted(credential)) => Cost::of(credential),
                _ => Cost::default(),
            };
            let rest = cost.less(spent);
            assert_eq!(
                (spent.sha256 + rest.sha256, spent.sha512 + rest.sha512),
                (5000, 4500),
                "{user}"
            );
            assert_eq!(principals.verify(user, "right"), user != "eve");
        }
    }
}
