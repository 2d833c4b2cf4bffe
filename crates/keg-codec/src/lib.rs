//! Kafka's wire protocol for proxies: looks into messages and changes them in place, in every version of every API,
//! without decoding them whole. No I/O, no runtime, no clock.
//!
//! # Embedding it in a proxy
//! ```
//! use bytes::{Bytes, BytesMut};
//! use keg_codec::schema::{EntitySet, Field};
//! use keg_codec::walk::{Edit, Visitor, walk};
//! use keg_codec::{Api, ApiKey, Entity, ErrorCode, RequestFrame, ResponseFrame, WriteQueue};
//! use keg_codec::{error_reply, frame, header, ledger::Ledger};
//!
//! /// Every topic name gets a prefix on its way to the broker.
//! struct Prefix(&'static [u8]);
//!
//! impl Visitor for Prefix {
//!     fn interest(&self) -> EntitySet {
//!         EntitySet::of(&[Entity::TopicName])
//!     }
//!
//!     fn string(&mut self, _: &'static Field, _: Option<&[u8]>) -> Edit<'_> {
//!         Edit::Prepend(self.0)
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // What a client sends: a Metadata request in version 1, correlation id 7, for the topic "orders".
//! let mut from_client = BytesMut::from(&b"\0\0\0\x18\0\x03\0\x01\0\0\0\x07\0\x02me\0\0\0\x01\0\x06orders"[..]);
//! let frame = frame::decode(&mut from_client, frame::MAX_UNAUTHENTICATED_FRAME)?.ok_or("incomplete")?;
//! let request = RequestFrame::parse(frame)?;
//! assert_eq!((request.api.key, request.version, request.client_id()), (ApiKey::METADATA, 1, Some("me")));
//!
//! // The walk is the guard too: what is malformed goes no further, and costs nothing.
//! let edits = walk(&request.api.request, request.version, &request.body, &mut Prefix(b"team-a-"))?;
//! let body = edits.apply(&request.body);
//!
//! // The ledger knows which request a response belongs to, and gives correlation ids of the proxy's own.
//! let mut in_flight = Ledger::default();
//! let id = in_flight.push((request.api, request.version, request.correlation_id)).map_err(|_| "poisoned")?;
//! let mut to_broker = WriteQueue::default();
//! header::write_request(&mut to_broker, &request.head, id, body);
//! assert!(to_broker.to_vec().ends_with(b"\0\x0dteam-a-orders"));
//!
//! // What the broker answers: no brokers, no controller, no topics.
//! let response = ResponseFrame::parse(Bytes::from_static(b"\0\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0"))?;
//! let (api, version, correlation_id) = in_flight.complete(response.correlation_id)?;
//! let (head, body) = response.split(api, version)?;
//! let mut to_client = WriteQueue::default();
//! header::write_response(&mut to_client, &head, correlation_id, body.into());
//! assert_eq!(to_client.to_vec()[..8], *b"\0\0\0\x10\0\0\0\x07");
//!
//! // Or the proxy answers by itself, as a broker would.
//! let refusal = error_reply(api, version, &request.body, ErrorCode::TOPIC_AUTHORIZATION_FAILED, None)?;
//! header::write_response(&mut to_client, &header::response_head(api, version), correlation_id, Bytes::from(refusal).into());
//! # Ok(())
//! # }
//! ```
//!
//! # What is where
//! | to | use |
//! |---|---|
//! | take frames off a buffer | [`frame::decode`] |
//! | split headers from bodies | [`RequestFrame`], [`ResponseFrame`] |
//! | look at fields, change them, drop elements | [`walk`](walk::walk) with a [`Visitor`](walk::Visitor) |
//! | only check that a body is what it says | [`check`](walk::check) |
//! | check a body, and hide addresses in it, while it still arrives | [`Passage`](walk::Passage) |
//! | build a message, or take one apart | [`message::Struct`] |
//! | refuse a request | [`error_reply`] |
//! | match responses with requests | [`ledger::Ledger`] |
//! | write with few copies and system calls | [`WriteQueue`] |
//! | know what a field names | [`Entity`], in the tables of [`schema`] |
//!
//! # What holds
//! - A body that passed the walk has every length and count within its own bytes, tagged fields of the size they say,
//!   and nothing behind its end: it is safe for decoders that trust what they read.
//! - Checking allocates nothing. Whatever else is done to a message takes at most a constant factor of its size.
//! - What nobody edits keeps its bytes, and large parts, such as records, are shared and never copied.
//!
//! Record batches are bytes here. A caller that takes responses apart must know which request they answer, as Kafka's
//! responses don't say.

#![warn(missing_docs)]

mod api_key;
mod error_code;
mod error_reply;
mod fetch;
pub mod frame;
pub mod header;
pub mod ledger;
pub mod message;
mod produce;
pub mod queue;
pub mod rope;
pub mod schema;
pub mod walk;
mod wire;

pub use api_key::ApiKey;
pub use error_code::ErrorCode;
pub use error_reply::{error_reply, error_reply_by_part};
pub use fetch::FetchHead;
pub use header::{RequestFrame, ResponseFrame};
pub use produce::{ProduceHead, is_silent, is_transactional};
pub use queue::WriteQueue;
pub use rope::Rope;
pub use schema::{Api, Direction, Entity};

/// The example of the README is a test too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
