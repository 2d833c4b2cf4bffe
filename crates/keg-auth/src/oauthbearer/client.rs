use super::message::{is_key, is_token, is_value};
use crate::client::ClientError;
use crate::{Mechanism, Secret};

/// The client's side of an exchange.
#[derive(Debug)]
pub struct Client {
    token: Secret,
    extensions: Vec<(String, String)>,
}

impl Client {
    /// # Errors
    /// For a token that RFC 6750's grammar doesn't allow.
    pub fn new(token: Secret) -> Result<Self, ClientError> {
        match is_token(token.reveal()) {
            true => Ok(Self {
                token,
                extensions: Vec::new(),
            }),
            false => Err(ClientError::Credential),
        }
    }

    /// With a pair beside the token, which Kafka calls an extension.
    ///
    /// # Errors
    /// For a key that is not letters or is `auth`, and a value that is empty or has control characters.
    pub fn extension(mut self, key: impl Into<String>, value: impl Into<String>) -> Result<Self, ClientError> {
        let (key, value) = (key.into(), value.into());
        if !is_key(&key) || key == "auth" || value.is_empty() || !is_value(&value) {
            return Err(ClientError::Credential);
        }
        self.extensions.push((key, value));
        Ok(self)
    }

    /// The one message. The server's answer is empty if it takes the token.
    pub fn message(&self) -> Vec<u8> {
        let mut message = format!("n,,\x01auth=Bearer {}\x01", self.token.reveal());
        for (key, value) in &self.extensions {
            message.push_str(key);
            message.push('=');
            message.push_str(value);
            message.push('\x01');
        }
        message.push('\x01');
        message.into_bytes()
    }

    /// What the server has against the token, if its answer says so: the `status` of its JSON, or all of it if it is
    /// none. Such an answer is to be acknowledged with [`ACKNOWLEDGEMENT`](super::ACKNOWLEDGEMENT).
    pub fn refusal(answer: &[u8]) -> Option<ClientError> {
        if answer.is_empty() {
            return None;
        }
        let json = serde_json::from_slice::<serde_json::Value>(answer).unwrap_or_default();
        let message = match json.get("status").and_then(|status| status.as_str()) {
            Some(status) => status.to_owned(),
            None => String::from_utf8_lossy(answer).into_owned(),
        };
        Some(ClientError::rejected(Mechanism::OAuthBearer, &message))
    }
}
