//! The backend's end of a connection, as a tower service.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use keg_codec::ledger::Ledger;
use keg_codec::{Api, ResponseFrame, WriteQueue, header, is_silent};
use keg_policy::{Reply, Request, Response};
use tokio::sync::oneshot;
use tower_service::Service;

use crate::error::Over;
use crate::metrics::ClusterMetrics;

/// What a connection to a node has in flight, and what is still to be written to it.
///
/// Shared by the service, which fills it, and by the task that owns the sockets, which empties it.
#[derive(Debug)]
pub(crate) struct Link {
    state: Mutex<State>,
    metrics: Arc<ClusterMetrics>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    ledger: Ledger<Waiter>,
    pub(crate) out: WriteQueue,
}

/// A request that waits for its response.
#[derive(Debug)]
struct Waiter {
    api: &'static Api,
    version: i16,
    sent: Instant,
    reply: oneshot::Sender<Reply>,
}

impl Link {
    pub(crate) fn new(metrics: Arc<ClusterMetrics>) -> Self {
        Self {
            state: Mutex::default(),
            metrics,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a response to the request that it answers.
    pub(crate) fn complete(&self, frame: ResponseFrame) -> Result<(), Over> {
        let waiter = self
            .state()
            .ledger
            .complete(frame.correlation_id)
            .map_err(|error| Over::backend(&error))?;
        let Waiter {
            api,
            version,
            sent,
            reply,
        } = waiter;
        if let Some(metrics) = self.metrics.api(api.key) {
            metrics.roundtrip(sent.elapsed());
        }
        let (head, body) = frame.split(api, version).map_err(|error| Over::backend(&error))?;
        // Nobody waits any more when the client's side has ended first.
        let _ = reply.send(Reply::Response(Response {
            head,
            body: body.into(),
        }));
        Ok(())
    }

    /// When the oldest request in flight was sent.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.state().ledger.oldest().map(|waiter| waiter.sent)
    }

    /// Gives up all that is in flight.
    pub(crate) fn end(&self) {
        drop(self.state().ledger.poison());
    }

    fn send(&self, request: Request) -> LinkFuture {
        let silent = request
            .body
            .pieces()
            .first()
            .is_some_and(|head| is_silent(request.api, request.version, head));
        let mut state = self.state();
        let State { ledger, out } = &mut *state;
        let (correlation_id, future) = if silent {
            (ledger.skip(), LinkFuture::Silent(ready(Reply::Silent)))
        } else {
            let (reply, receiver) = oneshot::channel();
            let waiter = Waiter {
                api: request.api,
                version: request.version,
                sent: Instant::now(),
                reply,
            };
            (ledger.push(waiter).ok(), LinkFuture::Waiting(receiver))
        };
        if let Some(correlation_id) = correlation_id {
            header::write_request(out, &request.head, correlation_id, request.body);
        }
        future
    }
}

/// Sends requests over a [`Link`], in the order of the calls.
#[derive(Debug, Clone)]
pub(crate) struct LinkService(pub(crate) Arc<Link>);

impl Service<Request> for LinkService {
    type Response = Reply;
    type Error = Over;
    type Future = LinkFuture;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Over>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> LinkFuture {
        self.0.send(request)
    }
}

/// The reply to a request that was sent.
#[derive(Debug)]
pub(crate) enum LinkFuture {
    Silent(Ready<Reply>),
    Waiting(oneshot::Receiver<Reply>),
}

impl Future for LinkFuture {
    type Output = Result<Reply, Over>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Silent(reply) => Pin::new(reply).poll(context).map(Ok),
            Self::Waiting(reply) => Poll::Ready(ready!(Pin::new(reply).poll(context)).map_err(|_| Over::BackendClosed)),
        }
    }
}
