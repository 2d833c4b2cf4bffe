//! An exchange between two ends in memory, in virtual time.

mod allocations;
mod between;
mod breaks;
mod cuts;
mod ends;
mod large;
mod order;
mod passing;
mod questions;
mod renewing;
mod sending;
mod splicing;
mod times;
mod turns;
mod writes;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use keg_auth::{Authentication, Method};
use keg_policy::{BrokerAddresses, Chain, Streams};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;

use super::*;
use crate::backend::{Backend, BackendSettings};
use crate::budget::Budget;
use crate::incoming::{Incoming, Passes};
use crate::link::{LinkFuture, LinkService};

/// What is between a client and a broker: no policies.
pub(super) type Bare<C, B> = Exchange<C, B, LinkService>;

/// Lets requests and responses be passed on while they still arrive, or neither.
#[derive(Debug, Clone)]
pub(super) struct Marked {
    inner: LinkService,
    streams: bool,
}

impl Service<Request> for Marked {
    type Response = Reply;
    type Error = Over;
    type Future = LinkFuture;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Over>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> LinkFuture {
        let streams = self.streams;
        match request.rest {
            Some(_) if !streams => LinkFuture::Whole,
            _ => self.inner.call(Request {
                streams: if streams { Streams::Unseen } else { Streams::No },
                ..request
            }),
        }
    }
}

pub(super) fn exchange<C, B>(client: C, broker: B, limits: &Limits, budget: &Budget) -> Bare<C, B>
where
    C: Transport,
    B: Transport,
{
    exchange_with(client, broker, limits, budget, |link| link)
}

/// With something between the client and the broker.
pub(super) fn exchange_with<C, B, S>(
    client: C,
    broker: B,
    limits: &Limits,
    budget: &Budget,
    service: impl FnOnce(LinkService) -> S,
) -> Exchange<C, B, S>
where
    C: Transport,
    B: Transport,
    S: Service<Request, Response = Reply, Error = Over>,
    S::Future: Unpin,
{
    let backend = Backend::new(BackendSettings {
        name: "main".into(),
        bootstrap_servers: Vec::new(),
        tls: None,
        credentials: None.into(),
        node_addresses: Default::default(),
        connect_timeout: Duration::ZERO,
        refresh_interval: Arc::new(Duration::ZERO).into(),
    });
    let authentication = Authentication::new(vec![Method::Anonymous]);
    let chain = Arc::new(Chain::new(vec![Arc::new(BrokerAddresses)]));
    let cluster = Arc::new(VirtualCluster::new("team", Arc::new(backend), authentication, chain));
    let link = Arc::new(Link::new(Arc::clone(cluster.metrics())));
    Exchange::new(
        Peer::new(
            client,
            Incoming::new(limits.max_frame_size, Arc::clone(&budget.requests)).passing_on(Passes::Requests),
        ),
        Peer::new(
            broker,
            Incoming::new(usize::MAX, Arc::clone(&budget.responses)).passing_on(Passes::Responses),
        ),
        Arc::clone(&link),
        service(LinkService(link)),
        cluster,
        limits.clone(),
        BusyPoll::new(),
    )
}

/// An exchange that runs, and its two ends.
pub(super) struct Rig {
    pub(super) client: DuplexStream,
    pub(super) broker: DuplexStream,
    pub(super) budget: Budget,
    pub(super) running: JoinHandle<Result<(), Over>>,
}

pub(super) fn rig(limits: &Limits, capacity: usize) -> Rig {
    marked_rig(limits, capacity, false)
}

/// An exchange of which requests and responses may be passed on while they still arrive, or neither.
pub(super) fn marked_rig(limits: &Limits, capacity: usize, streams: bool) -> Rig {
    rig_with(limits, capacity, |inner| Marked { inner, streams })
}

/// An exchange with something between the client and the broker.
pub(super) fn rig_with<S>(limits: &Limits, capacity: usize, service: impl FnOnce(LinkService) -> S) -> Rig
where
    S: Service<Request, Response = Reply, Error = Over> + Send + Unpin + 'static,
    S::Future: Send + Unpin,
{
    let ((client, near), (far, broker)) = (duplex(capacity), duplex(capacity));
    let budget = Budget::new(limits.buffer_budget);
    let running = tokio::spawn(exchange_with(near, far, limits, &budget, service));
    Rig {
        client,
        broker,
        budget,
        running,
    }
}

impl Rig {
    pub(super) async fn outcome(self) -> (DuplexStream, DuplexStream, Result<(), Over>) {
        (self.client, self.broker, self.running.await.unwrap())
    }
}

/// Metadata version 1, with a body that nobody reads.
pub(super) fn request(correlation_id: i32, body: &[u8]) -> Vec<u8> {
    let id = correlation_id.to_be_bytes();
    framed(&[&[0, 3, 0, 1][..], &id, &[0xff, 0xff], body].concat())
}

/// A version of ApiVersions that nobody has: it is answered without the broker.
pub(super) fn local_request(correlation_id: i32) -> Vec<u8> {
    framed(&[&[0, 18, 0, 99][..], &correlation_id.to_be_bytes()].concat())
}

pub(super) fn response(correlation_id: i32, body: &[u8]) -> Vec<u8> {
    framed(&[&correlation_id.to_be_bytes(), body].concat())
}

fn framed(frame: &[u8]) -> Vec<u8> {
    [&(frame.len() as u32).to_be_bytes(), frame].concat()
}

/// The next frame; `None` at the end.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let length = stream.read_u32().await.ok()?;
    let mut frame = vec![0; length as usize];
    stream.read_exact(&mut frame).await.ok()?;
    Some(frame)
}

/// The correlation id at this place of a frame.
pub(super) fn id(frame: &[u8], at: usize) -> i32 {
    i32::from_be_bytes(frame[at..at + 4].try_into().unwrap())
}

/// Answers one request with its own body.
pub(super) async fn answer_one(broker: &mut DuplexStream) {
    let request = read(broker).await.unwrap();
    broker
        .write_all(&response(id(&request, 4), &request[10..]))
        .await
        .unwrap();
}
