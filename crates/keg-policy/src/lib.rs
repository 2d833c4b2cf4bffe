//! Policies for Kafka proxies: namespaces, broker addresses, ApiVersions, refusals, and those of your own. Called
//! directly, or as tower layers. No I/O, no runtime, no clock.
//!
//! # Embedding it in a proxy
//! ```
//! use std::sync::Arc;
//!
//! use bytes::Bytes;
//! use keg_codec::{RequestFrame, ResponseFrame, WriteQueue, header};
//! use keg_policy::{AddressBook, BrokerAddresses, Chain, Connection, Mode, Namespace, Outcome, Reply, Request, Response};
//!
//! /// Node 1 is behind port 19001 of the proxy, node 2 behind 19002, and so on.
//! #[derive(Debug)]
//! struct Ports;
//!
//! impl AddressBook for Ports {
//!     fn advertise(&self, node_id: i32) -> Result<(Arc<str>, u16), String> {
//!         match u16::try_from(node_id) {
//!             Ok(node @ 1..=9) => Ok(("proxy.example".into(), 19_000 + node)),
//!             _ => Err(format!("node {node_id} has no port: 19001-19009 are for nodes 1-9")),
//!         }
//!     }
//!
//!     // Where the proxy is to connect for node 1: a real one takes note.
//!     fn learn(&self, _node_id: i32, _host: &str, _port: u16) {}
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // One for each virtual cluster, the client's side first ...
//! let chain = Chain::new(vec![
//!     Arc::new(Namespace::new(Mode::HidePrefix, "team-a-")),
//!     Arc::new(BrokerAddresses),
//! ]);
//! // ... and one for each client connection.
//! let connection = Arc::new(Connection::new("team-a", "User:ANONYMOUS", Arc::new(Ports)));
//!
//! // A frame of a client: FindCoordinator in version 0, correlation id 7, for the group "workers".
//! let frame = Bytes::from_static(b"\0\x0a\0\0\0\0\0\x07\xff\xff\0\x07workers");
//! let mut request = Request::from(RequestFrame::parse(frame)?);
//! let (api, version, correlation_id) = (request.api, request.version, request.correlation_id);
//! let pending = match chain.request(&connection, &mut request) {
//!     Outcome::Forward(pending) => pending,
//!     Outcome::Ask(_) => return Err("a topic id to be looked up, for example: the question first, then `resume`".into()),
//!     Outcome::Reply(_) => return Err("a denial, for example: to the client, in the order of the requests".into()),
//!     Outcome::Close(reason) => return Err(reason.into()),
//! };
//! let mut to_broker = WriteQueue::default();
//! header::write_request(&mut to_broker, &request.head, 1, request.body);
//! assert!(to_broker.to_vec().ends_with(b"\0\x0eteam-a-workers"));
//!
//! // What the broker answers: it is node 2, at kafka2.internal:9092.
//! let frame = Bytes::from_static(b"\0\0\0\x01\0\0\0\0\0\x02\0\x0fkafka2.internal\0\0\x23\x84");
//! let (head, body) = ResponseFrame::parse(frame)?.split(api, version)?;
//! let reply = Reply::Response(Response { head, body: body.into(), rest: None });
//! let Outcome::Reply(Reply::Response(response)) = chain.response(&connection, pending, reply) else {
//!     return Err("the connection is over".into());
//! };
//! let mut to_client = WriteQueue::default();
//! header::write_response(&mut to_client, &response.head, correlation_id, response.body);
//! assert!(to_client.to_vec().ends_with(b"\0\x0dproxy.example\0\0\x4a\x3a"));
//! # Ok(())
//! # }
//! ```
//!
//! With tower, [`PolicyLayer`] does the same around a service from [`Request`] to [`Reply`]; see [`layer`].
//!
//! # What is where
//! | to | use |
//! |---|---|
//! | keep the names of virtual clusters apart | [`Namespace`] |
//! | let clients do what rules allow | [`Acls`] |
//! | give topics other names | [`TopicAliases`] |
//! | give clients addresses that lead through the proxy | [`BrokerAddresses`], with an [`AddressBook`] |
//! | refuse APIs | [`BlockApis`] |
//! | do something else | a [`Policy`] |
//! | put policies in an order, and know what they serve together | [`Chain`], [`Served`] |
//! | know what becomes of every field that names something | [`fields`] |
//!
//! # What can be relied on
//! - **Order.** What is done to a request is done when it is shown to the chain. A policy that has to ask the broker
//!   something first gets its [`Outcome::Ask`], and everything behind that request waits.
//! - **Replies.** A reply goes back through exactly the policies that saw its request and wanted the reply, in reverse.
//!   What a policy answers itself goes back through those before it.
//! - **Denials are answers.** They have Kafka's own form and error codes. [`Outcome::Close`] is for what no answer can be
//!   given to: malformed bodies, and refused Produce requests with acks=0.
//! - **ApiVersions** responses are cut to what all policies of the chain support, so that clients don't ask for the rest.
//! - **Unseen is untouched.** A message that no policy is interested in is neither read nor copied.

#![warn(missing_docs)]

mod acl;
mod addresses;
mod aliases;
mod block_apis;
mod chain;
mod connection;
pub mod fields;
mod glob;
mod identity;
pub mod layer;
mod message;
mod namespace;
mod partial;
mod policy;
mod recent;
#[cfg(test)]
mod testing;

pub use acl::{
    AclAction, AclCondition, AclDecision, AclNameExpression, AclNames, AclObserver, AclPolicy, AclRule, Acls,
    CLUSTER_NAME, ExpressionFailed, InvalidPattern, NamePattern, Operation, Operations, ResourceType, RuleName,
    TopicNames, UnknownWord,
};
pub use addresses::{AddressBook, BrokerAddresses};
pub use aliases::{AliasMemory, Condition, TopicAlias, TopicAliases};
pub use block_apis::BlockApis;
pub use chain::{ApiVersions, Asking, Chain, Pending, Rest, Served, StreamedNames, request_head, streamed_head};
pub use connection::{Connection, Origin};
pub use glob::{Glob, InvalidGlob};
pub use identity::{Claim, Identity};
pub use layer::PolicyLayer;
pub use message::{Reply, Request, Response, Streams};
pub use namespace::{
    Additional, AdditionalTopics, Conflicts, Mode, NameSet, Namespace, OnConflict, TopicIds, is_internal_topic,
};
pub use policy::{Answer, Decision, Interest, Note, Outcome, Policy, Question, Withheld};

/// The example of the README is a test too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
