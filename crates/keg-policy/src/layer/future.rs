use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::service::Closed;
use crate::chain::{Chain, Pending};
use crate::connection::Connection;
use crate::message::Reply;
use crate::policy::Outcome;

pin_project! {
    /// The reply to a request, after the policies that saw the request have seen it.
    #[derive(Debug)]
    pub struct PolicyFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[derive(Debug)]
    enum State<F> {
        Forwarded { #[pin] inner: F, waiting: Option<Waiting> },
        Ready { reply: Option<Result<Reply, Closed>> },
    }
}

#[derive(Debug)]
struct Waiting {
    chain: Arc<Chain>,
    connection: Arc<Connection>,
    pending: Pending,
}

impl<F> PolicyFuture<F> {
    pub(super) fn forwarded(inner: F, chain: Arc<Chain>, connection: Arc<Connection>, pending: Pending) -> Self {
        Self {
            state: State::Forwarded {
                inner,
                waiting: Some(Waiting {
                    chain,
                    connection,
                    pending,
                }),
            },
        }
    }

    pub(super) fn ready(reply: Result<Reply, Closed>) -> Self {
        Self {
            state: State::Ready { reply: Some(reply) },
        }
    }
}

impl<F, E> Future for PolicyFuture<F>
where
    F: Future<Output = Result<Reply, E>>,
    E: From<Closed>,
{
    type Output = Result<Reply, E>;

    /// # Panics
    /// When polled after it has given its reply.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Forwarded { inner, waiting } => {
                let reply = ready!(inner.poll(context))?;
                let Waiting {
                    chain,
                    connection,
                    pending,
                } = waiting.take().expect("polled after completion");
                Poll::Ready(match chain.response(&connection, pending, reply) {
                    Outcome::Reply(reply) => Ok(reply),
                    Outcome::Close(reason) => Err(Closed { reason }.into()),
                    Outcome::Forward(_) => Err(Closed {
                        reason: "a reply was forwarded again".to_owned(),
                    }
                    .into()),
                })
            }
            StateProjection::Ready { reply } => {
                Poll::Ready(reply.take().expect("polled after completion").map_err(Into::into))
            }
        }
    }
}
