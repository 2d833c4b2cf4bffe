//! Who a client of a Kafka proxy is.

#![warn(missing_docs)]

mod authentication;
pub mod certificate;
mod claims;
mod client;
mod credential;
mod failure;
pub mod jwt;
mod mechanism;
pub mod oauthbearer;
pub mod plain;
mod principal;
pub mod scram;
mod secret;
mod session;

pub use authentication::{
    Authentication, AwaitingKeys, Chosen, Exchange, Handshake, Method, Next, Passthrough, Peer, Step,
};
pub use claims::{Claim, Claims};
pub use client::{Client, ClientError, ClientStep, Waiting};
pub use credential::{Credential, PrincipalsError};
pub use failure::{Failure, Name, Reason};
pub use mechanism::{Mechanism, UnknownMechanism};
pub use principal::Principal;
pub use secret::{RandomnessError, Secret, ServerSecret};
pub use session::{Proof, Session};
