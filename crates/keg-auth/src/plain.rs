//! PLAIN: RFC 4616. One message with the password in clear, so only where TLS protects it.
//!
//! Passwords are compared byte for byte, without SASLprep, as Kafka's brokers do.
//!
//! What it costs: where a [`scram::Credential`](crate::scram::Credential) is among the principals, every attempt costs
//! its iterations: 0.4 ms of processor for 4096 with SHA-256, 1.5 ms with SHA-512. Passwords cost a microsecond.

mod client;
mod message;
mod principals;

use std::sync::Arc;

pub use client::Client;
use message::Message;
pub use principals::Principals;

use crate::Mechanism;
use crate::failure::{Failure, Name, Reason};

/// The server's side of an exchange.
#[derive(Debug)]
pub struct Server {
    principals: Arc<Principals>,
}

impl Server {
    /// An exchange with whoever is among the principals.
    pub fn new(principals: Arc<Principals>) -> Self {
        Self { principals }
    }

    /// Takes the client's message, and gives the username. The server's final message is empty.
    ///
    /// # Errors
    /// For what is no such message, for a wrong password or user, with one message for both, and for an authorization
    /// id that isn't the username.
    pub fn respond(self, token: &[u8]) -> Result<String, Failure> {
        let message = Message::parse(token)?;
        if !self.principals.verify(message.username, message.password) {
            let name = Name::new(message.username);
            let reason = match self.principals.contains(message.username) {
                true => Reason::WrongPassword(name),
                false => Reason::UnknownUser(name),
            };
            return Err(Failure::credentials(Mechanism::Plain, reason));
        }
        match message.authorization_id {
            id if id.is_empty() || id == message.username => Ok(message.username.to_owned()),
            id => Err(Failure::authorization_id(message.username, id)),
        }
    }
}

/// The username of a message whose password is somebody else's to check.
pub(crate) fn username(token: &[u8]) -> Result<String, Failure> {
    Message::parse(token).map(|message| message.username.to_owned())
}
