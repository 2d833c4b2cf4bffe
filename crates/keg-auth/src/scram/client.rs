use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::hash::{self, xor};
use super::message::{self, ServerFirst};
use super::{Hash, MIN_ITERATIONS, Nonce};
use crate::client::ClientError;
use crate::{Mechanism, Secret};

/// The client's side of an exchange, before its first message.
#[derive(Debug)]
pub struct Client {
    hash: Hash,
    username: String,
    password: Secret,
    nonce: Nonce,
}

/// The client's side of an exchange, before the server's first message.
#[derive(Debug)]
pub struct AwaitingChallenge {
    client: Client,
    bare: String,
}

/// The client's side of an exchange, before the server's final message.
pub struct AwaitingSignature {
    mechanism: Mechanism,
    expected: Zeroizing<Vec<u8>>,
}

impl Client {
    /// The nonce is this exchange's alone. Username and password go as they are, without SASLprep, as Kafka's own
    /// client has it.
    ///
    /// # Errors
    /// For a username or password that is empty, and a username with a NUL.
    pub fn new(hash: Hash, username: impl Into<String>, password: Secret, nonce: Nonce) -> Result<Self, ClientError> {
        let username = username.into();
        if username.is_empty() || username.contains('\0') || password.reveal().is_empty() {
            return Err(ClientError::Credential);
        }
        Ok(Self {
            hash,
            username,
            password,
            nonce,
        })
    }

    /// The hash function, and so the mechanism.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// `client-first-message`.
    pub fn begin(self) -> (Vec<u8>, AwaitingChallenge) {
        let bare = format!("n={},r={}", message::escape(&self.username), self.nonce.as_str());
        let token = format!("n,,{bare}").into_bytes();
        (token, AwaitingChallenge { client: self, bare })
    }
}

impl AwaitingChallenge {
    /// Takes `server-first-message`, and gives `client-final-message`. It costs the iterations that the server asks
    /// for: with 4096 of them, 0.4 ms for SHA-256 and 1.5 ms for SHA-512.
    ///
    /// # Errors
    /// For what is no such message or not one of this exchange, and for fewer than 4096 iterations, which would make
    /// the password easy to find.
    pub fn respond(self, token: &[u8]) -> Result<(Vec<u8>, AwaitingSignature), ClientError> {
        let Client {
            hash, password, nonce, ..
        } = self.client;
        let mechanism = hash.mechanism();
        let malformed = |problem| ClientError::Malformed { mechanism, problem };
        let challenge = message::text(token).map_err(malformed)?;
        let first = ServerFirst::parse(challenge).map_err(malformed)?;
        match first.nonce.strip_prefix(nonce.as_str()) {
            None => return Err(malformed("the nonce of another exchange")),
            Some("") => return Err(malformed("a nonce without the server's part")),
            Some(_) => {}
        }
        if first.iterations.get() < MIN_ITERATIONS {
            return Err(malformed("fewer than 4096 iterations"));
        }
        let salted = hash.hi(password.reveal(), &first.salt, first.iterations);
        let client_key = hash.hmac(&salted, b"Client Key");
        // `biws` is `n,,`: no channel binding.
        let without_proof = format!("c=biws,r={}", first.nonce);
        let auth_message = format!("{},{challenge},{without_proof}", self.bare);
        let signature = hash.hmac(&hash.digest(&client_key), auth_message.as_bytes());
        let proof = xor(&client_key, &signature);
        let expected = hash.hmac(&hash.hmac(&salted, b"Server Key"), auth_message.as_bytes());
        let token = format!("{without_proof},p={}", BASE64.encode(&proof)).into_bytes();
        Ok((token, AwaitingSignature { mechanism, expected }))
    }
}

impl AwaitingSignature {
    /// Takes `server-final-message`. After it, both know each other.
    ///
    /// # Errors
    /// For what is no such message, the server's error, and a signature of a server that doesn't know the password.
    pub fn finish(self, token: &[u8]) -> Result<(), ClientError> {
        let mechanism = self.mechanism;
        let malformed = |problem| ClientError::Malformed { mechanism, problem };
        let text = message::text(token).map_err(malformed)?;
        match message::server_final(text).map_err(malformed)? {
            Err(error) => Err(ClientError::rejected(mechanism, error)),
            Ok(signature) if hash::equal(&signature, &self.expected) => Ok(()),
            Ok(_) => Err(ClientError::ServerSignature { mechanism }),
        }
    }
}

impl std::fmt::Debug for AwaitingSignature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwaitingSignature")
            .field("mechanism", &self.mechanism)
            .finish_non_exhaustive()
    }
}
