//! What is asked of a client that is authenticated, with each of its requests: whether it still is.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use keg_auth::{Authentication, Session};
use keg_policy::{Reply, Request};
use tower_service::Service;

use crate::error::Over;
use crate::sasl::{Conversation, Said, is_sasl};
use crate::virtual_cluster::VirtualCluster;

/// Lets requests through as long as their client may be here; and lets it authenticate again on the way (KIP-368).
#[derive(Debug)]
pub(crate) struct Guard<S> {
    inner: S,
    cluster: Arc<VirtualCluster>,
    session: Session,
    /// By what the session was last found to be good.
    admitted_by: Arc<Authentication>,
    conversation: Option<Box<Conversation>>,
    /// Why no more requests are taken.
    over: Option<Box<Over>>,
}

impl<S> Guard<S> {
    pub(crate) fn new(inner: S, cluster: Arc<VirtualCluster>, session: Session) -> Self {
        Self {
            inner,
            admitted_by: cluster.authentication(),
            cluster,
            session,
            conversation: None,
            over: None,
        }
    }

    /// Whether the client may go on.
    fn check(&mut self) -> Result<(), Over> {
        if !self.cluster.authenticates_by(&self.admitted_by) {
            let authentication = self.cluster.authentication();
            if !authentication.admits(&self.session) {
                return Err(Over::NotAdmitted {
                    principal: self.session.principal().to_string(),
                });
            }
            self.admitted_by = authentication;
        }
        match self.session.expires_at() {
            Some(end) if end <= SystemTime::now() => Err(Over::SessionExpired {
                principal: self.session.principal().to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// The client says again who it is.
    fn say(&mut self, mut request: Request) -> Result<Reply, Over> {
        let mut conversation = self.conversation.take().unwrap_or_else(|| {
            Box::new(Conversation::new(
                self.cluster.authentication().begin_again(&self.session),
            ))
        });
        let (api, version) = (request.api, request.version);
        let said = conversation.request(api, version, &request.body_bytes(), SystemTime::now());
        let said = said.map_err(|error| Over::Authentication {
            reason: format!("a malformed {} request (version {version}): {error}", api.name),
        })?;
        Ok(Reply::Response(match said {
            Said::Answer(response) => {
                self.conversation = Some(conversation);
                response
            }
            Said::Authenticated(response, session) => {
                self.session = session;
                response
            }
            Said::Failed(response, failed) => {
                self.over = Some(Box::new(Over::Authentication {
                    reason: failed.to_string(),
                }));
                response
            }
        }))
    }
}

impl<S> Service<Request> for Guard<S>
where
    S: Service<Request, Response = Reply, Error = Over>,
    S::Future: Unpin,
{
    type Response = Reply;
    type Error = Over;
    type Future = GuardFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Over>> {
        match self.over.take() {
            Some(over) => Poll::Ready(Err(*over)),
            None => self.inner.poll_ready(context),
        }
    }

    fn call(&mut self, request: Request) -> GuardFuture<S::Future> {
        let local = match is_sasl(request.api.key) && self.session.mechanism().is_some() {
            true => self.say(request),
            false => match self.check() {
                Ok(()) => return GuardFuture::Inner(self.inner.call(request)),
                Err(over) => Err(over),
            },
        };
        GuardFuture::Local(Some(local))
    }
}

/// The reply to a request.
#[derive(Debug)]
pub(crate) enum GuardFuture<F> {
    Inner(F),
    Local(Option<Result<Reply, Over>>),
}

impl<F> Future for GuardFuture<F>
where
    F: Future<Output = Result<Reply, Over>> + Unpin,
{
    type Output = Result<Reply, Over>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Inner(inner) => Pin::new(inner).poll(context),
            Self::Local(reply) => match reply.take() {
                Some(reply) => Poll::Ready(reply),
                None => Poll::Pending,
            },
        }
    }
}
