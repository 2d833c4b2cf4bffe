use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_service::Service;

use super::gate::Hold;
use super::service::Closed;
use crate::chain::{Asking, Chain, Pending};
use crate::connection::Connection;
use crate::message::{Reply, Request};
use crate::policy::Outcome;

pin_project! {
    /// The reply to a request, after the policies that saw the request have seen it.
    ///
    /// Where a policy asks the broker something first, this future drives that, and sends the request itself.
    #[derive(Debug)]
    pub struct PolicyFuture<S, F> {
        #[pin]
        state: State<F>,
        turn: Option<Turn<S>>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[derive(Debug)]
    enum State<F> {
        /// The inner service has something.
        Waiting { #[pin] inner: F },
        /// The inner service is to get what is held, or a question about it.
        Sending,
        Ready { reply: Option<Result<Reply, Closed>> },
    }
}

/// What is known of the request, and what happens next.
#[derive(Debug)]
struct Turn<S> {
    chain: Arc<Chain>,
    connection: Arc<Connection>,
    /// None only while a reply is looked at.
    next: Option<Next>,
    held: Option<Box<Held<S>>>,
}

/// What is sent, and who sees the reply to it.
#[derive(Debug)]
enum Next {
    /// A question of a policy's, which sees the request again with the reply.
    Ask(Box<Asking>),
    /// The request: the reply goes through the policies.
    Answer(Pending),
}

/// A request that is not sent yet.
#[derive(Debug)]
pub(super) struct Held<S> {
    pub(super) request: Request,
    pub(super) inner: S,
    /// Nothing else of the client's is sent before it.
    pub(super) _hold: Hold,
}

impl<S, F> PolicyFuture<S, F> {
    pub(super) fn forwarded(inner: F, chain: Arc<Chain>, connection: Arc<Connection>, pending: Pending) -> Self {
        Self::waiting(inner, chain, connection, Next::Answer(pending), None)
    }

    /// The question was sent, and the request is held.
    pub(super) fn held(
        question: F,
        chain: Arc<Chain>,
        connection: Arc<Connection>,
        held: Held<S>,
        asking: Box<Asking>,
    ) -> Self {
        Self::waiting(question, chain, connection, Next::Ask(asking), Some(Box::new(held)))
    }

    pub(super) fn ready(reply: Result<Reply, Closed>) -> Self {
        Self {
            state: State::Ready { reply: Some(reply) },
            turn: None,
        }
    }

    fn waiting(
        inner: F,
        chain: Arc<Chain>,
        connection: Arc<Connection>,
        next: Next,
        held: Option<Box<Held<S>>>,
    ) -> Self {
        let turn = Turn {
            chain,
            connection,
            next: Some(next),
            held,
        };
        Self {
            state: State::Waiting { inner },
            turn: Some(turn),
        }
    }
}

impl<S> Turn<S> {
    /// What comes of a reply of the inner service: the end of this, or something is to be sent next.
    fn advance(&mut self, reply: Reply) -> Option<Result<Reply, Closed>> {
        let outcome = match (self.next.take(), &mut self.held) {
            (Some(Next::Ask(asking)), Some(held)) => {
                self.chain.resume(&self.connection, &mut held.request, asking, reply)
            }
            (Some(Next::Answer(pending)), None) => self.chain.response(&self.connection, pending, reply),
            _ => Outcome::Close("a reply came before its request was sent".to_owned()),
        };
        self.next = match outcome {
            Outcome::Reply(reply) => return Some(Ok(reply)),
            Outcome::Close(reason) => return Some(Err(Closed { reason })),
            Outcome::Forward(pending) => Some(Next::Answer(pending)),
            Outcome::Ask(asking) => Some(Next::Ask(asking)),
        };
        None
    }

    /// Sends what is to be sent, when the inner service is ready for it.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<Result<S::Future, S::Error>>
    where
        S: Service<Request>,
    {
        let Some(held) = &mut self.held else {
            return Poll::Pending;
        };
        ready!(held.inner.poll_ready(context))?;
        let request = match &self.next {
            Some(Next::Ask(asking)) => asking.question(),
            _ => held.request.clone(),
        };
        let inner = held.inner.call(request);
        if matches!(self.next, Some(Next::Answer(_))) {
            // With what is held the hold goes: the next request may be sent.
            self.held = None;
        }
        Poll::Ready(Ok(inner))
    }
}

impl<S> Future for PolicyFuture<S, S::Future>
where
    S: Service<Request, Response = Reply>,
    S::Error: From<Closed>,
{
    type Output = Result<Reply, S::Error>;

    /// # Panics
    /// When polled after it has given its reply.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let inner = match this.state.as_mut().project() {
                StateProjection::Ready { reply } => {
                    return Poll::Ready(reply.take().expect("polled after completion").map_err(Into::into));
                }
                StateProjection::Waiting { inner } => {
                    let reply = ready!(inner.poll(context))?;
                    let turn = this.turn.as_mut().expect("polled after completion");
                    if let Some(end) = turn.advance(reply) {
                        *this.turn = None;
                        return Poll::Ready(end.map_err(Into::into));
                    }
                    this.state.set(State::Sending);
                    continue;
                }
                StateProjection::Sending => {
                    let turn = this.turn.as_mut().expect("something is to be sent");
                    ready!(turn.poll_send(context))?
                }
            };
            this.state.set(State::Waiting { inner });
            // The inner service may be driven by the task that polls this, which doesn't expect it to have sent anything.
            context.waker().wake_by_ref();
        }
    }
}
