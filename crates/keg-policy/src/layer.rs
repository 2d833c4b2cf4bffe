//! Policies as a tower layer.
//!
//! ```
//! use std::sync::Arc;
//!
//! use futures_util::FutureExt;
//! use keg_codec::{Api, ApiKey, ErrorCode, error_reply};
//! use keg_policy::layer::Closed;
//! use keg_policy::{AddressBook, BlockApis, Connection, PolicyLayer, Reply, Request, Response, Streams};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[derive(Debug)]
//! # struct Ports;
//! # impl AddressBook for Ports {
//! #     fn advertise(&self, _: i32) -> Result<(Arc<str>, u16), String> { Ok(("localhost".into(), 9092)) }
//! #     fn learn(&self, _: i32, _: &str, _: u16) {}
//! # }
//! # let address_book = Arc::new(Ports);
//! // What the proxy does with requests that go on: here, a broker that has no topics.
//! let broker = service_fn(|mut request: Request| async move {
//!     let body = error_reply(request.api, request.version, &request.body_bytes(), ErrorCode::NONE, None)
//!         .map_err(|error| Closed { reason: error.to_string() })?;
//!     Ok::<_, Closed>(Reply::Response(Response::local(request.api, request.version, body)))
//! });
//! let connection = Arc::new(Connection::new("team-a", "User:ann", address_book));
//! let service = ServiceBuilder::new()
//!     .layer(PolicyLayer::of(BlockApis::new("read-only", vec![ApiKey::DELETE_TOPICS]), connection))
//!     .service(broker);
//!
//! // DeleteTopics in version 1, for the topic "orders".
//! let api = Api::of(ApiKey::DELETE_TOPICS).expect("Kafka has it");
//! let request = Request {
//!     api,
//!     version: 1,
//!     correlation_id: 7,
//!     head: Default::default(),
//!     body: bytes::Bytes::from_static(b"\0\0\0\x01\0\x06orders\0\0\0\0").into(),
//!     rest: None,
//!     streams: Streams::No,
//! };
//! let reply = service.oneshot(request).now_or_never().expect("nothing to wait for")?;
//! let Reply::Response(mut response) = reply else { panic!("not silent") };
//! // Not throttled; one topic; POLICY_VIOLATION.
//! assert_eq!(&response.body_bytes()[..], b"\0\0\0\0\0\0\0\x01\0\x06orders\0\x2c");
//! # Ok::<(), Closed>(())
//! ```

mod future;
mod gate;
mod service;

use std::sync::Arc;

pub use future::PolicyFuture;
pub use service::{Closed, PolicyService};
use tower_layer::Layer;

use crate::chain::Chain;
use crate::connection::Connection;
use crate::policy::Policy;

/// Gives the chain that a request is to go through.
///
/// A source may give another chain to every request: a reply goes back through the chain that its request went through.
pub trait ChainSource {
    /// The chain for the next request.
    fn chain(&mut self) -> Arc<Chain>;
}

impl ChainSource for Arc<Chain> {
    fn chain(&mut self) -> Arc<Chain> {
        Self::clone(self)
    }
}

/// Puts a chain of policies in front of a service of one client connection.
///
/// `Err` of the service means that the connection is over; everything else, a denial included, is a [`Reply`](crate::Reply).
/// The service is as ready as the one inside, unless a policy has a question to the broker: until that is answered, the
/// requests behind wait. The inner service is cloned for it.
#[derive(Debug, Clone)]
pub struct PolicyLayer<C> {
    source: C,
    connection: Arc<Connection>,
}

impl<C: ChainSource> PolicyLayer<C> {
    /// The chains of `source`, for a connection.
    pub fn new(source: C, connection: Arc<Connection>) -> Self {
        Self { source, connection }
    }
}

impl PolicyLayer<Arc<Chain>> {
    /// A single policy, for a stack that is put together by hand.
    pub fn of(policy: impl Policy + 'static, connection: Arc<Connection>) -> Self {
        Self::new(Arc::new(Chain::new(vec![Arc::new(policy)])), connection)
    }
}

impl<S, C: Clone> Layer<S> for PolicyLayer<C> {
    type Service = PolicyService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        PolicyService::new(inner, self.source.clone(), Arc::clone(&self.connection))
    }
}
