//! TLS for Kafka proxies: [rustls] configuration from PEM, a look at the SNI before anything is decided, and
//! certificates that are replaced under a running listener.
//!
//! ```
//! use std::time::Duration;
//!
//! use keg_tls::{ClientTls, Identity, Live, ServerTls, TrustBundle};
//! use keg_tls::{DEFAULT_MAX_HELLO, Outcome, Prefixed, accept, connect, peek};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use tokio::time::Instant;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let made = rcgen::generate_simple_self_signed(["*.team-a.kafka.example".to_owned()])?;
//! let certificate = Identity::from_pem(made.cert.pem(), made.signing_key.serialize_pem())?;
//! let server = Live::new(ServerTls::new(certificate))?;
//! let client = ClientTls::new().trust(TrustBundle::from_pem(made.cert.pem())?).build()?;
//!
//! let (near, mut far) = tokio::io::duplex(4096);
//! let deadline = Instant::now() + Duration::from_secs(10);
//!
//! let proxy = async {
//!     let peeked = peek(&mut far, DEFAULT_MAX_HELLO, deadline).await?;
//!     // Where the connection goes is decided here; the bytes that were read are not lost.
//!     let Outcome::Hello(hello) = &peeked.outcome else { return Err("plaintext, or no hello".into()) };
//!     assert_eq!(hello.server_name.as_deref(), Some("broker-1.team-a.kafka.example"));
//!     let mut stream = accept(Prefixed::new(far, peeked.buffered), server.config(), deadline).await?;
//!     stream.write_all(b"terminated").await?;
//!     stream.shutdown().await?;
//!     Ok::<_, Box<dyn std::error::Error>>(())
//! };
//! let kafka_client = async {
//!     let mut stream = connect(near, client, "broker-1.team-a.kafka.example".try_into()?, deadline).await?;
//!     let mut said = String::new();
//!     stream.read_to_string(&mut said).await?;
//!     Ok::<_, Box<dyn std::error::Error>>(said)
//! };
//! let (_, said) = tokio::try_join!(proxy, kafka_client)?;
//! assert_eq!(said, "terminated");
//! # Ok(())
//! # }
//! ```
//!
//! | to | use |
//! |---|---|
//! | read certificates and keys | [`Identity::from_pem`], [`TrustBundle::from_pem`] |
//! | configure a listener | [`ServerTls`], with [`Versions`] and [`ClientAuth`] |
//! | configure a connection to a backend | [`ClientTls`] |
//! | replace either without a restart | [`Live`] |
//! | know what a connection speaks, and the SNI | [`peek`], or [`HelloReader`] without I/O |
//! | go on with the bytes that were read | [`Prefixed`] |
//! | do the handshake under a deadline | [`accept`], [`connect`] |
//! | say who a client is | [`client_certificate`] |
//! | say what a certificate is for, and when it ends | [`CertificateInfo`] |
//!
//! Nothing here installs a process-wide rustls provider: every configuration is built with [`provider`], so an
//! embedder's own choice for its other connections stays its own. No error and no `Debug` output holds key material.

#![warn(missing_docs)]

mod alert;
mod certificate;
mod client;
mod handshake;
mod hello;
mod identity;
mod live;
mod peek;
mod peer;
mod pem;
mod prefixed;
mod refusal;
mod server;
mod trust;
mod version;

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};

pub use alert::fatal_alert;
pub use certificate::{CertificateError, CertificateInfo};
pub use client::ClientTls;
pub use handshake::{HandshakeError, accept, connect};
pub use hello::{DEFAULT_MAX_HELLO, Hello, HelloReader, Malformed, Outcome, Plaintext, Sniffed, sniff};
pub use identity::{Identity, IdentityError};
pub use live::{BuildError, Live, Settings};
pub use peek::{PeekError, Peeked, peek};
pub use peer::{PeerChain, client_certificate};
pub use pem::{PemError, Sections, certificates, private_key};
pub use prefixed::Prefixed;
pub use refusal::certificate_refused;
pub use rustls::pki_types::ServerName;
pub use rustls::{AlertDescription, ClientConfig, ServerConfig};
pub use server::{ClientAuth, ServerTls};
pub use tokio_rustls::{client::TlsStream as ClientStream, server::TlsStream as ServerStream};
pub use trust::{TrustBundle, TrustError};
pub use version::{TlsVersion, Versions, VersionsError};

/// The cryptography that every configuration of this crate is built with: aws-lc-rs, with its default cipher suites.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// The example of the README is a test too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
