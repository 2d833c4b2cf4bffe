//! One client and one node: requests one way, responses the other, both in order.

mod replies;
mod socket;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use keg_codec::header::HeaderError;
use keg_codec::{ApiKey, RequestFrame, ResponseFrame, WriteQueue};
use keg_policy::{Reply, Request};
use tokio::time::{Instant, Sleep, sleep_until};
use tower_service::Service;

use crate::error::Over;
use crate::limits::Limits;
use crate::link::Link;
use crate::stream::Stream;
use crate::virtual_cluster::VirtualCluster;
use replies::Replies;
pub(crate) use socket::Incoming;
use socket::Writer;

/// How often a connection with something unfinished looks whether it has waited too long.
const TICK: std::time::Duration = std::time::Duration::from_secs(5);

/// The two sockets of a client's connection, and all that is between them.
///
/// One task drives both, so that a batch of requests costs one wake-up. As a future it ends when the client is done and
/// has all its responses, or when the connection can't go on.
pub(crate) struct Exchange<S: Service<Request>> {
    client: Stream,
    backend: Stream,
    from_client: Incoming,
    from_backend: Incoming,
    to_client: WriteQueue,
    client_writer: Writer,
    backend_writer: Writer,
    link: Arc<Link>,
    service: S,
    replies: Replies<S::Future>,
    cluster: Arc<VirtualCluster>,
    limits: Limits,
    /// Why no more requests are read, if the client has not simply closed its side.
    ending: Option<Over>,
    /// When the client was done with sending, if it is.
    client_done: Option<Instant>,
    /// Set while something is unfinished, so that an idle connection has no timer.
    ticking: bool,
    tick: Pin<Box<Sleep>>,
}

impl<S> Exchange<S>
where
    S: Service<Request, Response = Reply, Error = Over>,
    S::Future: Unpin,
{
    pub(crate) fn new(
        (client, from_client): (Stream, Incoming),
        backend: Stream,
        link: Arc<Link>,
        service: S,
        cluster: Arc<VirtualCluster>,
        limits: Limits,
    ) -> Self {
        Self {
            client,
            backend,
            from_client,
            from_backend: Incoming::new(i32::MAX as usize),
            to_client: WriteQueue::default(),
            client_writer: Writer::default(),
            backend_writer: Writer::default(),
            link,
            service,
            replies: Replies::default(),
            cluster,
            limits,
            ending: None,
            client_done: None,
            ticking: false,
            tick: Box::pin(sleep_until(Instant::now() + TICK)),
        }
    }

    /// Reads no more requests. What is in flight is still answered.
    pub(crate) fn stop_reading(&mut self) {
        self.from_client.close();
    }

    /// Takes requests off what was read, as long as the window has room.
    fn take_requests(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        let mut progress = false;
        while self.ending.is_none() && self.replies.len() < self.limits.max_in_flight {
            let frame = match self.from_client.frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(error) => {
                    self.end(error.into());
                    break;
                }
            };
            progress = true;
            match RequestFrame::parse(frame) {
                Ok(request) => self.call(request.into(), context)?,
                Err(HeaderError::UnknownVersion {
                    api, correlation_id, ..
                }) if api.key == ApiKey::API_VERSIONS => {
                    let reply = Reply::Response(self.cluster.chain().served().unsupported());
                    self.replies.ready(correlation_id, reply);
                }
                Err(error) => self.end(error.into()),
            }
        }
        Ok(progress)
    }

    fn call(&mut self, request: Request, context: &mut Context<'_>) -> Result<(), Over> {
        if let Some(metrics) = self.cluster.metrics().api(request.api.key) {
            metrics.received.increment(1);
        }
        let (api, correlation_id) = (request.api, request.correlation_id);
        // The window is what bounds requests; the stack itself is always ready.
        if let Poll::Ready(Err(error)) = self.service.poll_ready(context) {
            return Err(error);
        }
        let future = self.service.call(request);
        self.replies.waiting(api.key, correlation_id, future);
        Ok(())
    }

    /// Answers what was asked before, and then ends.
    fn end(&mut self, reason: Over) {
        self.ending.get_or_insert(reason);
        self.from_client.close();
    }

    fn poll_client_read(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        let has_room =
            self.replies.len() < self.limits.max_in_flight && self.link.state().out.len() < self.limits.max_queued;
        if !has_room {
            return Ok(false);
        }
        self.from_client
            .poll_read(&mut self.client, context)
            .map_err(Over::ClientIo)
    }

    fn poll_backend_read(&mut self, context: &mut Context<'_>) -> Result<bool, Over> {
        if self.to_client.len() >= self.limits.max_queued {
            return Ok(false);
        }
        let progress = self
            .from_backend
            .poll_read(&mut self.backend, context)
            .map_err(Over::BackendIo)?;
        while let Some(frame) = self.from_backend.frame().map_err(|error| Over::backend(&error))? {
            let response = ResponseFrame::parse(frame).map_err(|error| Over::backend(&error))?;
            self.link.complete(response)?;
        }
        Ok(progress)
    }

    fn take_replies(&mut self, context: &mut Context<'_>) -> bool {
        let metrics = |key| self.cluster.metrics().api(key);
        match self.replies.poll(context, metrics, &mut self.to_client) {
            Ok(progress) => progress,
            Err(reason) => {
                // What was answered before is still written.
                self.replies.clear();
                self.end(reason);
                true
            }
        }
    }

    /// Moves whatever can be moved, until nothing can.
    fn poll_move(&mut self, context: &mut Context<'_>) -> Result<(), Over> {
        loop {
            let mut progress = self.take_requests(context)?;
            let mut state = self.link.state();
            progress |= self
                .backend_writer
                .poll_write(&mut self.backend, &mut state.out, context)
                .map_err(Over::BackendIo)?;
            drop(state);
            progress |= self.poll_backend_read(context)?;
            progress |= self.take_replies(context);
            let Self {
                client,
                client_writer,
                to_client,
                ..
            } = self;
            progress |= client_writer
                .poll_write(client, to_client, context)
                .map_err(Over::ClientIo)?;
            progress |= self.poll_client_read(context)?;
            if !progress {
                return Ok(());
            }
        }
    }

    fn outcome(&mut self) -> Poll<Result<(), Over>> {
        if !self.to_client.is_empty() || !self.client_writer.is_flushed() {
            return Poll::Pending;
        }
        if self.ending.is_some() && self.replies.is_empty() {
            return Poll::Ready(self.ending.take().map_or(Ok(()), Err));
        }
        if self.from_client.is_closed() && self.replies.is_empty() && self.link.state().out.is_empty() {
            let received = self.from_client.pending();
            return Poll::Ready(if received > 0 {
                Err(Over::Cut { received })
            } else {
                Ok(())
            });
        }
        // What the broker still owes never comes; what it has answered has been written.
        if self.from_backend.is_closed() {
            Poll::Ready(Err(Over::BackendClosed))
        } else {
            Poll::Pending
        }
    }

    /// Looks now and then whether something has waited too long.
    fn poll_tick(&mut self, context: &mut Context<'_>) -> Result<(), Over> {
        loop {
            let now = Instant::now();
            if self.from_client.is_closed() {
                self.client_done.get_or_insert(now);
            }
            let unfinished = self.from_client.pending() > 0 || !self.replies.is_empty() || self.client_done.is_some();
            if !unfinished {
                self.ticking = false;
                return Ok(());
            }
            if !self.ticking {
                self.ticking = true;
                self.tick.as_mut().reset(now + TICK);
            }
            if self.tick.as_mut().poll(context).is_pending() {
                return Ok(());
            }
            self.ticking = false;
            self.check_waits(now)?;
        }
    }

    fn check_waits(&self, now: Instant) -> Result<(), Over> {
        if let Some(waited) = self
            .from_client
            .stalled(now)
            .filter(|waited| *waited >= self.limits.stall_timeout)
        {
            return Err(Over::Stalled {
                received: self.from_client.pending(),
                waited,
            });
        }
        let waited = self.link.oldest().map(|sent| sent.elapsed());
        if let Some(waited) = waited.filter(|waited| *waited >= self.limits.max_response_wait) {
            return Err(Over::Unanswered { waited });
        }
        // A client that sends no more may still be waiting, but most that look like this have gone.
        match self.client_done {
            Some(done) if now.duration_since(done) >= self.limits.drain_duration => Err(Over::ClientGone),
            _ => Ok(()),
        }
    }
}

impl<S> Future for Exchange<S>
where
    S: Service<Request, Response = Reply, Error = Over> + Unpin,
    S::Future: Unpin,
{
    type Output = Result<(), Over>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Err(error) = this.poll_move(context).and_then(|()| this.poll_tick(context)) {
            this.link.end();
            return Poll::Ready(Err(error));
        }
        this.outcome()
    }
}

impl<S: Service<Request>> Exchange<S> {
    /// Tells both peers that nothing more comes, without waiting long for them.
    pub(crate) async fn shut_down(mut self) {
        let both = async {
            let _ = tokio::io::AsyncWriteExt::shutdown(&mut self.backend).await;
            let _ = tokio::io::AsyncWriteExt::shutdown(&mut self.client).await;
        };
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), pin!(both)).await;
    }
}
