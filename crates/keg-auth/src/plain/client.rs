use crate::Secret;
use crate::client::ClientError;

/// The client's side of an exchange.
#[derive(Debug)]
pub struct Client {
    username: String,
    password: Secret,
}

impl Client {
    /// # Errors
    /// For a username or password that is empty or has a NUL.
    pub fn new(username: impl Into<String>, password: Secret) -> Result<Self, ClientError> {
        let username = username.into();
        let sendable = |text: &str| !text.is_empty() && !text.contains('\0');
        match sendable(&username) && sendable(password.reveal()) {
            true => Ok(Self { username, password }),
            false => Err(ClientError::Credential),
        }
    }

    /// The one message. The server's answer to it is empty.
    pub fn message(&self) -> Vec<u8> {
        format!("\0{}\0{}", self.username, self.password.reveal()).into_bytes()
    }
}
