//! The backend's end of a connection, as a tower service.

mod locked;
mod renewal;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use keg_auth::Mechanism;
use keg_codec::ledger::Ledger;
use keg_codec::{Api, ResponseFrame, WriteQueue, header};
use keg_policy::{Reply, Request, Response, Rest, Streams, streamed_head};
use tokio::time::Instant;
use tower_service::Service;

use crate::backend::ProofError;
use crate::error::{Over, Unanswered};
use crate::incoming::Passes;
use crate::metrics::ClusterMetrics;
use crate::room;
use locked::{Locked, Told};
pub(crate) use renewal::Questions;
use renewal::Renewal;

/// What a connection to a node has in flight, and what is still to be written to it.
///
/// Shared by the service, which fills it, and by the task that owns the sockets, which empties it.
#[derive(Debug)]
pub(crate) struct Link {
    state: Mutex<State>,
    /// What is asked more often than it changes, and without the lock.
    told: Told,
    metrics: Arc<ClusterMetrics>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    ledger: Ledger<Waiter>,
    /// Responses that were not fetched yet, with the correlation ids of their requests.
    answered: VecDeque<(i32, Response)>,
    /// Of which API and version the response is that was begun last.
    begun: Option<(&'static str, i16)>,
    ended: bool,
    renewal: Option<Box<Renewal>>,
    pub(crate) out: WriteQueue,
    /// The request of which the beginning went into the queue last.
    under_way: Option<Box<UnderWay>>,
}

/// A request of which the rest is still to be written, behind all that is in the queue.
#[derive(Debug)]
struct UnderWay {
    /// None for one that is not answered.
    id: Option<i32>,
    /// Until somebody passes it on.
    rest: Option<Box<Rest>>,
    /// What is to be written after it.
    behind: WriteQueue,
}

/// A request that waits for its response.
#[derive(Debug)]
struct Waiter {
    api: &'static Api,
    version: i16,
    sent: Instant,
    streams: Streams,
    /// Whether it is a question of SASL's.
    own: bool,
}

impl Link {
    pub(crate) fn new(metrics: Arc<ClusterMetrics>) -> Self {
        Self {
            state: Mutex::default(),
            told: Told::default(),
            metrics,
        }
    }

    pub(crate) fn state(&self) -> Locked<'_> {
        Locked::new(self.state.lock().unwrap_or_else(PoisonError::into_inner), &self.told)
    }

    /// How many bytes wait to be written, whatever they wait for.
    pub(crate) fn queued(&self) -> usize {
        self.told.queued()
    }

    /// Whether some of them can be written now.
    pub(crate) fn has_unwritten(&self) -> bool {
        self.told.has_unwritten()
    }

    /// Begins to authenticate again by this mechanism, in its turn: what comes behind is held until that is finished.
    pub(crate) fn authenticate(self: &Arc<Self>, mechanism: Mechanism) -> Result<Questions, ProofError> {
        Questions::begin(self, mechanism)
    }

    /// Hands a response to the request that it answers.
    pub(crate) fn complete(&self, frame: ResponseFrame) -> Result<(), Over> {
        let mut state = self.state();
        let id = frame.correlation_id;
        let waiter = state.ledger.complete(id).map_err(|error| Over::backend(&error))?;
        if waiter.own {
            return state.take_answer(frame, &waiter);
        }
        self.measure(&waiter);
        let (head, body) = frame
            .split(waiter.api, waiter.version)
            .map_err(|error| Over::backend(&error))?;
        let response = Response {
            head,
            body: body.into(),
            rest: None,
        };
        state.answered.push_back((id, response));
        Ok(())
    }

    /// Hands the beginning of a response, of `length` bytes with its header, to the request that it answers, if the rest may
    /// follow while it arrives. Gives how many bytes it has taken.
    pub(crate) fn begin(&self, bytes: &[u8], length: usize) -> Result<Option<usize>, Over> {
        let mut state = self.state();
        let Some(waiter) = state.ledger.oldest().filter(|waiter| waiter.streams != Streams::No) else {
            return Ok(None);
        };
        let (api, version, streams) = (waiter.api, waiter.version, waiter.streams);
        let beginning = bytes.get(..Passes::Responses.beginning().min(bytes.len()));
        let beginning = Bytes::copy_from_slice(beginning.unwrap_or_default());
        // If there is more to the header, or it is malformed, that is seen when the response is whole.
        let Ok(frame) = ResponseFrame::parse(beginning) else {
            return Ok(None);
        };
        let id = frame.correlation_id;
        let Ok((head, mut body)) = frame.split(api, version) else {
            return Ok(None);
        };
        let Some(needed) = streamed_head(streams, api, version, &body) else {
            return Ok(None);
        };
        body.truncate(needed);
        let waiter = state.ledger.complete(id).map_err(|error| Over::backend(&error))?;
        self.measure(&waiter);
        state.begun = Some((api.name, version));
        let taken = head.len() + needed;
        let response = Response {
            head,
            body: body.into(),
            rest: Some(Box::new(Rest::new(length.saturating_sub(taken)))),
        };
        state.answered.push_back((id, response));
        Ok(Some(taken))
    }

    fn measure(&self, waiter: &Waiter) {
        if let Some(metrics) = self.metrics.api(waiter.api.key) {
            metrics.roundtrip(waiter.sent.elapsed());
        }
    }

    /// What the broker has not answered.
    pub(crate) fn unanswered(&self) -> Unanswered {
        let ledger = &self.state().ledger;
        Unanswered {
            requests: ledger.len(),
            oldest: ledger.oldest().map(|waiter| (waiter.api.name, waiter.version)),
        }
    }

    /// The same, where the response that was [begun](Self::begin) last will never be whole. It can't be fetched any more.
    pub(crate) fn cut(&self) -> Unanswered {
        let mut state = self.state();
        state.answered.pop_back_if(|(_, response)| response.rest.is_some());
        Unanswered {
            requests: state.ledger.len() + 1,
            oldest: state.begun,
        }
    }

    /// Gives up all that is in flight, and sends nothing more. Responses that are there can still be fetched.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.ledger.poison();
        state.ended = true;
        state.renewal = None;
        state.under_way = None;
        state.out = WriteQueue::default();
    }

    /// Whether a request may go on that is not whole.
    pub(crate) fn is_free(&self) -> bool {
        self.state().is_free()
    }

    /// What is to be passed on behind all that is queued, if the request that was sent last has a rest.
    pub(crate) fn take_rest(&self) -> Option<Box<Rest>> {
        self.state().under_way.as_mut()?.rest.take()
    }

    /// That rest is written.
    pub(crate) fn sent(&self) {
        let mut state = self.state();
        let Some(under_way) = state.under_way.take() else {
            return;
        };
        let UnderWay { id, behind, .. } = *under_way;
        state.out.append(behind);
        if let Some(waiter) = id.and_then(|id| state.ledger.entry_mut(id)) {
            waiter.sent = Instant::now();
        }
    }

    fn send(self: &Arc<Self>, request: Request) -> LinkFuture {
        let silent = request.body.is_silent(request.api, request.version);
        let mut state = self.state();
        if request.rest.is_some() && !state.is_free() {
            return LinkFuture::Whole;
        }
        let waiter = Waiter {
            api: request.api,
            version: request.version,
            sent: Instant::now(),
            streams: request.streams,
            own: false,
        };
        let id = if silent {
            state.ledger.skip()
        } else {
            state.ledger.push(waiter).ok()
        };
        let Some(id) = id else {
            return LinkFuture::Ended;
        };
        let rest = request.rest.as_ref().map_or(0, |rest| rest.length);
        room::lend(state.queue(), request.head.len() + request.body.len());
        header::begin_request(state.queue(), &request.head, id, request.body, rest);
        if request.rest.is_some() {
            state.under_way = Some(Box::new(UnderWay {
                id: (!silent).then_some(id),
                rest: request.rest,
                behind: WriteQueue::default(),
            }));
        }
        if silent {
            LinkFuture::Silent
        } else {
            LinkFuture::Waiting {
                link: Arc::clone(self),
                id,
            }
        }
    }
}

impl State {
    /// Nothing must come between the beginning of a request and its rest.
    fn is_free(&self) -> bool {
        self.renewal.is_none() && self.under_way.is_none()
    }

    /// The end of what is written.
    fn tail(&mut self) -> &mut WriteQueue {
        match &mut self.under_way {
            Some(under_way) => &mut under_way.behind,
            None => &mut self.out,
        }
    }

    fn queued(&self) -> usize {
        let held = self.renewal.as_ref().map_or(0, |renewal| renewal.held.len());
        let behind = self.under_way.as_ref().map_or(0, |under_way| under_way.behind.len());
        self.out.len() + held + behind
    }

    fn fetch(&mut self, id: i32) -> Option<Response> {
        // Mostly, whoever is answered first asks first.
        let (_, response) = match self.answered.pop_front_if(|(answered, _)| *answered == id) {
            Some(first) => first,
            None => {
                let place = self.answered.iter().position(|(answered, _)| *answered == id)?;
                self.answered.remove(place)?
            }
        };
        if self.answered.is_empty() {
            self.answered.shrink_to(1);
        }
        Some(response)
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
///
/// It wakes nobody: the task that owns the sockets polls it again after each response that it has read.
#[derive(Debug)]
pub(crate) enum LinkFuture {
    Silent,
    Waiting { link: Arc<Link>, id: i32 },
    Whole,
    Ended,
}

impl Future for LinkFuture {
    type Output = Result<Reply, Over>;

    fn poll(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = || {
            Err(Over::BackendClosed {
                unanswered: Unanswered::default(),
            })
        };
        match self.get_mut() {
            Self::Silent => Poll::Ready(Ok(Reply::Silent)),
            Self::Whole => Poll::Ready(Ok(Reply::Whole)),
            Self::Ended => Poll::Ready(ended()),
            Self::Waiting { link, .. } if !link.told.has_answers() => Poll::Pending,
            Self::Waiting { link, id } => {
                let mut state = link.state();
                match state.fetch(*id) {
                    Some(response) => Poll::Ready(Ok(Reply::Response(response))),
                    None if state.ended => Poll::Ready(ended()),
                    None => Poll::Pending,
                }
            }
        }
    }
}
