//! What is asked of a client that is authenticated, with each of its requests: whether it still is.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use keg_auth::jwt::Renewal;
use keg_auth::{Authentication, Session};
use keg_codec::Api;
use keg_policy::{Connection, Reply, Request};
use tokio::time::timeout;
use tower_service::Service;

use crate::connection::identity;
use crate::error::Over;
use crate::sasl::{Conversation, Said, is_sasl};
use crate::virtual_cluster::VirtualCluster;

/// How long keys are waited for while a client authenticates again.
const KEYS_TIMEOUT: Duration = Duration::from_secs(30);

/// What came of a token that had to wait.
#[derive(Debug)]
struct Waited {
    outcome: Outcome,
    conversation: Box<Conversation>,
}

#[derive(Debug)]
enum Outcome {
    /// There is more to say.
    GoesOn,
    Authenticated(Session),
    Failed(Box<Over>),
}

/// Lets requests through as long as their client may be here; and lets it authenticate again on the way (KIP-368).
#[derive(Debug)]
pub(crate) struct Guard<S> {
    inner: S,
    cluster: Arc<VirtualCluster>,
    session: Session,
    /// What policies know of the client.
    connection: Arc<Connection>,
    /// By what the session was last found to be good.
    admitted_by: Arc<Authentication>,
    conversation: Option<Box<Conversation>>,
    /// What comes of a token whose answer takes keys that aren't there yet. Until then the session is what it was.
    waiting: Option<Arc<Mutex<Option<Waited>>>>,
    /// Why no more requests are taken.
    over: Option<Box<Over>>,
}

impl<S> Guard<S> {
    pub(crate) fn new(inner: S, cluster: Arc<VirtualCluster>, session: Session, connection: Arc<Connection>) -> Self {
        Self {
            inner,
            admitted_by: cluster.authentication(),
            cluster,
            session,
            connection,
            conversation: None,
            waiting: None,
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

    /// The client has authenticated again, and is seen by what it has said now.
    fn renew(&mut self, session: Session) {
        self.connection.identify(identity::of(&session));
        self.session = session;
    }

    /// Takes what came of a token that had to wait, if that is known by now.
    fn settle(&mut self) {
        let settled = self
            .waiting
            .as_ref()
            .and_then(|it| it.lock().unwrap_or_else(PoisonError::into_inner).take());
        let Some(Waited { outcome, conversation }) = settled else {
            return;
        };
        self.waiting = None;
        match outcome {
            Outcome::GoesOn => self.conversation = Some(conversation),
            Outcome::Authenticated(session) => self.renew(session),
            Outcome::Failed(over) => self.over = Some(over),
        }
    }

    /// The client says again who it is.
    fn say(&mut self, mut request: Request) -> Result<Answer, Over> {
        if self.waiting.is_some() {
            return Err(Over::Authentication {
                reason: "the client goes on before its token is answered".to_owned(),
            });
        }
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
        Ok(Answer::Now(Reply::Response(match said {
            Said::Waiting(renewal) => {
                let waited = Arc::new(Mutex::new(None));
                self.waiting = Some(Arc::clone(&waited));
                return Ok(Answer::Later(Box::pin(resume(
                    renewal,
                    conversation,
                    api,
                    version,
                    waited,
                ))));
            }
            Said::Answer(response) => {
                self.conversation = Some(conversation);
                response
            }
            Said::Authenticated(response, session) => {
                self.renew(session);
                response
            }
            Said::Failed(response, failed) => {
                self.over = Some(Box::new(Over::Authentication {
                    reason: failed.to_string(),
                }));
                response
            }
        })))
    }
}

/// The answer to a request that the gateway answers itself.
enum Answer {
    Now(Reply),
    Later(Later),
}

type Later = Pin<Box<dyn Future<Output = Result<Reply, Over>> + Send>>;

/// Waits for keys, and then decides on the token that they are for.
async fn resume(
    renewal: Renewal,
    mut conversation: Box<Conversation>,
    api: &'static Api,
    version: i16,
    waited: Arc<Mutex<Option<Waited>>>,
) -> Result<Reply, Over> {
    // Without them the token is not valid, which is said as ever.
    let _ = timeout(KEYS_TIMEOUT, renewal).await;
    let said = conversation.resume(api, version, SystemTime::now());
    let said = said.map_err(|error| Over::Authentication {
        reason: format!(
            "the answer to {} (version {version}) can't be written: {error}",
            api.name
        ),
    })?;
    let (response, outcome) = match said {
        Said::Answer(response) => (response, Outcome::GoesOn),
        Said::Authenticated(response, session) => (response, Outcome::Authenticated(session)),
        Said::Failed(response, failed) => {
            let reason = failed.to_string();
            (response, Outcome::Failed(Box::new(Over::Authentication { reason })))
        }
        Said::Waiting(_) => {
            let reason = "the token's key is not known".to_owned();
            return Err(Over::Authentication { reason });
        }
    };
    *waited.lock().unwrap_or_else(PoisonError::into_inner) = Some(Waited { outcome, conversation });
    Ok(Reply::Response(response))
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
        self.settle();
        match self.over.take() {
            Some(over) => Poll::Ready(Err(*over)),
            None => self.inner.poll_ready(context),
        }
    }

    fn call(&mut self, request: Request) -> GuardFuture<S::Future> {
        self.settle();
        let local = match is_sasl(request.api.key) && self.session.mechanism().is_some() {
            true => match self.say(request) {
                Ok(Answer::Later(later)) => return GuardFuture::Later(later),
                Ok(Answer::Now(reply)) => Ok(reply),
                Err(over) => Err(over),
            },
            false => match self.check() {
                Ok(()) => return GuardFuture::Inner(self.inner.call(request)),
                Err(over) => Err(over),
            },
        };
        GuardFuture::Local(Some(local))
    }
}

/// The reply to a request.
pub(crate) enum GuardFuture<F> {
    Inner(F),
    Local(Option<Result<Reply, Over>>),
    Later(Later),
}

impl<F> Future for GuardFuture<F>
where
    F: Future<Output = Result<Reply, Over>> + Unpin,
{
    type Output = Result<Reply, Over>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Inner(inner) => Pin::new(inner).poll(context),
            Self::Later(later) => later.as_mut().poll(context),
            Self::Local(reply) => match reply.take() {
                Some(reply) => Poll::Ready(reply),
                None => Poll::Pending,
            },
        }
    }
}
