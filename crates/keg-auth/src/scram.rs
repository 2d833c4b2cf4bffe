//! SCRAM-SHA-256 and SCRAM-SHA-512: RFC 5802 and RFC 7677, without channel binding, as Kafka has them.
//!
//! Where Kafka and the RFCs differ:
//!
//! | | RFC | Kafka | here |
//! |---|---|---|---|
//! | passwords and names | SASLprep | taken as they are | as Kafka: its clients and librdkafka would otherwise fail |
//! | names that are not ASCII | allowed | refused | allowed of clients; a broker refuses them |
//! | channel binding `y` | allowed | refused | allowed |
//! | the channel binding of the last message | compared | not compared | compared |
//! | mandatory extensions (`m=`) | fail | ignored | fail |
//! | `tokenauth=true`, delegation tokens | unknown | accepted | refused: only brokers can check them |
//! | errors | `e=` in the last message | error 58 of Kafka's protocol | as Kafka |
//!
//! What it costs: a client pays for the iterations each time, a server only when the hash is made from a password.

mod client;
mod credential;
mod hash;
mod message;
mod nonce;
mod principals;
mod server;

pub use client::{AwaitingChallenge, AwaitingSignature, Client};
pub(crate) use credential::SALT_SIZE;
pub use credential::{Credential, CredentialError, MAX_ITERATIONS, MIN_ITERATIONS};
pub use hash::Hash;
pub(crate) use hash::equal;
pub(crate) use message::{unescape, username};
pub use nonce::Nonce;
pub use principals::Principals;
pub use server::{Authenticated, AwaitingProof, Server};
