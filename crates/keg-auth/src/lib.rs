//! Who a client of a Kafka proxy is: SASL PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and OAUTHBEARER, the server's side and the
//! client's, and client certificates. Bytes in, bytes out: no I/O, no runtime, no clock, no Kafka frames.
//!
//! A [`Session`] exists only after authentication, so that nothing behind it handles a client that might be anybody.
//!
//! # Embedding it in a proxy
//! Kafka's SaslHandshake chooses a mechanism, and SaslAuthenticate carries its tokens. A proxy answers both by what comes
//! out here; and is itself a client of its brokers.
//! ```
//! use std::sync::Arc;
//! use std::time::SystemTime;
//!
//! use keg_auth::{Authentication, Chosen, Client, ClientStep, Credential, Method, Next, Peer, Secret, ServerSecret, Step};
//! use keg_auth::scram::{self, Hash, Nonce};
//!
//! // Once: who may connect, and how. The text is what `scram::Credential::to_text` gives, as PostgreSQL has it.
//! let kept: scram::Credential = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$\
//!     WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=".parse()?;
//! let users = [("ann", Credential::Salted(kept))];
//! let secret = ServerSecret::from_bytes(b"something that others don't know");
//! let principals = scram::Principals::new(Hash::Sha256, secret, users)?;
//! let authentication = Authentication::new(vec![Method::Scram(Arc::new(principals))]);
//!
//! // For each connection: it has to authenticate before anything else.
//! let Step::Handshake(handshake) = authentication.begin(&Peer::default()) else {
//!     unreachable!("nobody is anonymous here");
//! };
//!
//! // The client's SaslHandshake names a mechanism; the answer lists those that there are.
//! assert_eq!(handshake.mechanisms().map(|mechanism| mechanism.name()).collect::<Vec<_>>(), ["SCRAM-SHA-256"]);
//! let Chosen::Exchange(mut exchange) = handshake.choose("SCRAM-SHA-256")? else {
//!     unreachable!("nothing is passed through here");
//! };
//!
//! // The other side, which could be anywhere.
//! let client = scram::Client::new(Hash::Sha256, "ann", Secret::new("pencil"), Nonce::random()?)?;
//! let (mut token, mut waiting) = Client::Scram(client).begin();
//!
//! // Each SaslAuthenticate carries a token, and its answer another one.
//! let session = loop {
//!     match exchange.token(&token, SystemTime::now())? {
//!         Next::Challenge(challenge, next) => {
//!             exchange = next;
//!             let ClientStep::Send(answer, next) = waiting.respond(&challenge)? else { unreachable!() };
//!             (token, waiting) = (answer, next);
//!         }
//!         Next::Authenticated(last, session) => {
//!             // By this the client knows that it is the right server.
//!             assert!(matches!(waiting.respond(&last)?, ClientStep::Done));
//!             break session;
//!         }
//!         Next::UnknownKey(_) => unreachable!("only bearer tokens have keys"),
//!     }
//! };
//! assert_eq!(session.principal().to_string(), "User:ann");
//!
//! // Later: other users are configured. Is the session still one that could begin?
//! let others = Authentication::new(vec![Method::Anonymous]);
//! assert!(others.review(&session, SystemTime::now()).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is revealed
//! A [`Failure`] has a message for the client, the one of Kafka's brokers where they have one, and a [`Reason`] for the
//! operator. From messages, salts and the time that an answer takes nobody learns which users exist. `Debug` of nothing
//! here prints a secret, and passwords and keys are wiped from memory when they are dropped.
//!
//! # What it costs
//! On one core of 2026 with SHA instructions:
//!
//! | | processor |
//! |---|---|
//! | a token of PLAIN, where all users have passwords | 1 µs |
//! | a token of PLAIN, where some have salted hashes | as the most iterations of each hash: 0.4 ms for 4096 of SHA-256, 1.5 ms for 4096 of SHA-512 |
//! | SCRAM, both tokens of the server's side | 5 to 7 µs |
//! | SCRAM, the client's side, and a password that is hashed when the users are read | as the iterations |
//! | OAUTHBEARER | 20 µs for RS256, 40 µs for ES256 |
//!
//! Where PLAIN is checked against salted hashes, [`Exchange::token`] is worth a thread that may block.

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
    Authentication, AwaitingKeys, Chosen, Exchange, Handshake, Method, Next, Passthrough, Peer, PeerCertificate,
    Revoked, Step,
};
pub use claims::{Claim, Claims};
pub use client::{Client, ClientError, ClientStep, Waiting};
pub use credential::{Credential, PrincipalsError};
pub use failure::{Failure, Name, Reason};
pub use mechanism::{Mechanism, UnknownMechanism};
pub use principal::Principal;
pub use secret::{RandomnessError, Secret, ServerSecret};
pub use session::{Proof, Session};

/// The examples of the README are tests too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
