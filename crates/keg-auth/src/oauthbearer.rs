//! OAUTHBEARER: RFC 7628, as Kafka has it (KIP-255). One message with a bearer token; a server that doesn't take it says
//! why in JSON, and fails once the client has acknowledged that.

mod client;
mod message;
mod server;

pub use client::Client;
pub use server::{Accepted, AwaitingAcknowledgement, AwaitingKeys, Outcome, Server};

use message::Message;

use crate::failure::Failure;

/// What a client answers to the server's JSON: `kvsep` alone.
pub const ACKNOWLEDGEMENT: &[u8] = b"\x01";

/// The token of a message, which is somebody else's to check.
pub(crate) fn token(message: &[u8]) -> Result<&str, Failure> {
    Message::parse(message).map(|message| message.token)
}
