use std::sync::Arc;

use data_encoding::BASE64;

use super::hash::{self, xor};
use super::message::{ClientFinal, ClientFirst};
use super::{Credential, Nonce, Principals};
use crate::failure::{Failure, Name, Reason};

/// The server's side of an exchange, before the client's first message.
#[derive(Debug)]
pub struct Server {
    principals: Arc<Principals>,
    nonce: Nonce,
}

/// The server's side of an exchange, before the client's final message.
#[derive(Debug)]
pub struct AwaitingProof {
    username: String,
    credential: Credential,
    exists: bool,
    /// Of both sides.
    nonce: String,
    gs2_header: String,
    /// The first two messages, as they are signed.
    auth_message: String,
}

/// A client that has proved who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// Who it is.
    pub username: String,
    /// The server's final message, by which the client knows that the server knows it.
    pub message: Vec<u8>,
}

impl Server {
    /// An exchange with whoever is among the principals. The nonce is this exchange's alone.
    pub fn new(principals: Arc<Principals>, nonce: Nonce) -> Self {
        Self { principals, nonce }
    }

    /// Takes `client-first-message`, and gives `server-first-message`.
    ///
    /// # Errors
    /// For what is no such message, and for one that asks for channel binding, to act as another user, or for
    /// authentication by a delegation token. A user who doesn't exist is no error yet.
    pub fn respond(self, token: &[u8]) -> Result<(Vec<u8>, AwaitingProof), Failure> {
        let mechanism = self.principals.hash().mechanism();
        let first = ClientFirst::parse(token).map_err(|problem| Failure::malformed(mechanism, problem))?;
        if first.token_auth {
            return Err(Failure::new(
                "Authentication failed: delegation tokens are not supported",
                Reason::DelegationToken(Name::new(&first.username)),
            ));
        }
        if let Some(id) = &first.authorization_id
            && *id != first.username
        {
            return Err(Failure::authorization_id(&first.username, id));
        }
        let (credential, exists) = self.principals.find(&first.username);
        let nonce = format!("{}{}", first.nonce, self.nonce.as_str());
        let challenge = format!(
            "r={nonce},s={},i={}",
            BASE64.encode(credential.salt()),
            credential.iterations()
        );
        let state = AwaitingProof {
            auth_message: format!("{},{challenge}", first.bare),
            gs2_header: first.gs2_header.to_owned(),
            username: first.username,
            credential,
            exists,
            nonce,
        };
        Ok((challenge.into_bytes(), state))
    }
}

impl AwaitingProof {
    /// Takes `client-final-message`, and gives `server-final-message`.
    ///
    /// # Errors
    /// For what is no such message, or not one of this exchange, and for a proof that is wrong; whether because of the
    /// password or the user can't be told from the message.
    pub fn respond(self, token: &[u8]) -> Result<Authenticated, Failure> {
        let hash = self.credential.hash();
        let malformed = |problem| Failure::malformed(hash.mechanism(), problem);
        let last = ClientFinal::parse(token).map_err(malformed)?;
        if last.nonce != self.nonce {
            return Err(malformed("the nonce of another exchange"));
        }
        if last.channel_binding != self.gs2_header.as_bytes() {
            return Err(malformed("a channel binding that is not its GS2 header"));
        }
        if last.proof.len() != hash.size() {
            return Err(malformed("a proof that is not as long as the hash"));
        }
        let auth_message = format!("{},{}", self.auth_message, last.without_proof);
        let client_signature = hash.hmac(self.credential.stored_key(), auth_message.as_bytes());
        let stored_key = hash.digest(&xor(&client_signature, &last.proof));
        let proved = hash::equal(&stored_key, self.credential.stored_key());
        let signature = hash.hmac(self.credential.server_key(), auth_message.as_bytes());
        match (proved, self.exists) {
            (true, true) => Ok(Authenticated {
                username: self.username,
                message: format!("v={}", BASE64.encode(&signature)).into_bytes(),
            }),
            (_, exists) => {
                let name = Name::new(&self.username);
                let reason = match exists {
                    true => Reason::WrongPassword(name),
                    false => Reason::UnknownUser(name),
                };
                Err(Failure::credentials(hash.mechanism(), reason))
            }
        }
    }
}
