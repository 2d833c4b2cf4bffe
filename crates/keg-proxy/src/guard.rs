//! What is asked of a client that is authenticated, with each of its requests: whether it still is.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use keg_auth::Session;
use keg_codec::{Api, ApiKey};
use keg_policy::{Connection, Reply, Request};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};
use tower_service::Service;

use crate::admission::Admission;
use crate::backend::{Broker, ProofError, Question};
use crate::connection::identity;
use crate::decided::{Decided, Later};
use crate::error::Over;
use crate::limits::Limits;
use crate::link::{Link, Questions};
use crate::sasl::{self, Conversation, Said, Told, is_sasl};
use crate::virtual_cluster::VirtualCluster;

/// A client that says again who it is.
#[derive(Debug)]
struct Saying {
    conversation: Conversation,
    /// What the broker is asked by, if it has a part in it.
    questions: Option<Questions>,
}

/// What comes of a request of it.
#[derive(Debug)]
enum Outcome {
    /// There is more to say.
    GoesOn(Box<Saying>),
    Authenticated(Session),
    Failed(Box<Over>),
}

/// What keeps clients from guessing, and from keeping the gateway busy.
#[derive(Debug, Clone, Copy)]
struct Times {
    failure_delay: Duration,
    interval: Duration,
}

/// Lets requests through as long as their client may be here; and lets it authenticate again on the way (KIP-368).
#[derive(Debug)]
pub(crate) struct Guard<S> {
    inner: S,
    cluster: Arc<VirtualCluster>,
    session: Session,
    /// What policies know of the client.
    connection: Arc<Connection>,
    admission: Admission,
    link: Arc<Link>,
    times: Times,
    /// When the client has begun to authenticate again.
    began: Option<Instant>,
    saying: Option<Box<Saying>>,
    /// What comes of a request whose answer takes its time. Until then the session is what it was.
    waiting: Option<Arc<Mutex<Option<Outcome>>>>,
    /// Why no more requests are taken.
    over: Option<Box<Over>>,
}

impl<S> Guard<S> {
    pub(crate) fn new(
        inner: S,
        link: Arc<Link>,
        cluster: Arc<VirtualCluster>,
        session: Session,
        connection: Arc<Connection>,
        limits: &Limits,
    ) -> Self {
        Self {
            inner,
            admission: Admission::default(),
            cluster,
            session,
            connection,
            link,
            times: Times {
                failure_delay: limits.authentication_failure_delay,
                interval: limits.authentication_interval,
            },
            began: None,
            saying: None,
            waiting: None,
            over: None,
        }
    }

    /// Whether the client may go on.
    fn check(&mut self) -> Result<(), Over> {
        let principal = || self.session.principal().to_string();
        if matches!(self.session.expires_at(), Some(end) if end <= SystemTime::now()) {
            return Err(Over::SessionExpired { principal: principal() });
        }
        match self.admission.check(&self.cluster, &self.session) {
            Ok(None) => Ok(()),
            Ok(Some(session)) => {
                self.see(session);
                Ok(())
            }
            Err(reason) => Err(Over::NotAdmitted {
                principal: principal(),
                reason: reason.to_string(),
            }),
        }
    }

    /// The client has authenticated again, and is seen by what it has said now.
    fn renew(&mut self, session: Session) {
        // What it has said was judged by what was configured when it began to.
        self.admission = Admission::default();
        self.see(session);
    }

    fn see(&mut self, session: Session) {
        self.connection.identify(identity::of(&session));
        self.session = session;
    }

    /// Takes what came of a request whose answer took its time, if that is known by now.
    fn settle(&mut self) {
        let settled = self
            .waiting
            .as_ref()
            .and_then(|it| it.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(outcome) = settled {
            self.waiting = None;
            self.take(outcome);
        }
    }

    fn take(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::GoesOn(saying) => self.saying = Some(saying),
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
        let mut saying = self.saying.take().unwrap_or_else(|| {
            let handshake = self.cluster.authentication().begin_again(&self.session);
            Box::new(Saying {
                conversation: Conversation::new(handshake),
                questions: None,
            })
        });
        let (api, version, began) = (request.api, request.version, Instant::now());
        let body = request.body_bytes();
        let said = if api.key == ApiKey::SASL_HANDSHAKE {
            let said = match self.began.replace(began) {
                Some(before) if began.duration_since(before) < self.times.interval => saying.conversation.too_soon(),
                _ => said(&mut saying.conversation, api, version, &body)?,
            };
            if let Said::Told(Told::Mechanism) = said {
                let (reply, outcome) = saying.told(Told::Mechanism, api, version)?;
                self.take(outcome);
                return Ok(Answer::Now(reply));
            }
            Some(said)
        } else {
            None
        };
        let waiting = Arc::new(Mutex::new(None));
        self.waiting = Some(Arc::clone(&waiting));
        let (link, metrics) = (Arc::clone(&self.link), Arc::clone(self.cluster.metrics()));
        let delay = self.times.failure_delay;
        Ok(Answer::Later(Box::pin(async move {
            let said = match said {
                Some(said) => said,
                None => saying.token(api, version, body).await?,
            };
            let told = saying.decide(said, &link).await?;
            saying.conversation.took(began, &told, true, &metrics);
            if let Told::Failed(_) = told {
                // Guessing takes its time.
                sleep(delay).await;
            }
            let (reply, outcome) = saying.told(told, api, version)?;
            *waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            Ok(reply)
        })))
    }
}

fn said(conversation: &mut Conversation, api: &'static Api, version: i16, body: &[u8]) -> Result<Said, Over> {
    let said = conversation.request(api, version, body, SystemTime::now());
    said.map_err(|error| Over::Authentication {
        reason: format!("a malformed {} request (version {version}): {error}", api.name),
    })
}

impl Saying {
    /// Takes a token where that may take its time: a salted hash is meant to.
    async fn token(&mut self, api: &'static Api, version: i16, body: Bytes) -> Result<Said, Over> {
        let mut conversation = std::mem::replace(&mut self.conversation, Conversation::over());
        let taken = spawn_blocking(move || {
            let said = said(&mut conversation, api, version, &body);
            (conversation, said)
        });
        let (conversation, said) = taken.await.map_err(|error| Over::Authentication {
            reason: error.to_string(),
        })?;
        self.conversation = conversation;
        said
    }

    /// Waits for what an answer takes.
    async fn decide(&mut self, said: Said, link: &Arc<Link>) -> Result<Told, Over> {
        let mut broker = Asking {
            link,
            questions: &mut self.questions,
        };
        let told = match sasl::decide(&mut self.conversation, said, &mut broker).await {
            // The exchange knows why, and ends with it.
            Err(ProofError::Gone) => std::future::pending().await,
            told => told.map_err(|error| Over::backend(&error))?,
        };
        if let Told::Authenticated(..) = told
            && let Some(questions) = self.questions.take()
        {
            questions.finish().map_err(|error| Over::backend(&error))?;
        }
        Ok(told)
    }

    /// The answer to the client, and what comes of it.
    fn told(self: Box<Self>, told: Told, api: &'static Api, version: i16) -> Result<(Reply, Outcome), Over> {
        let response = self.conversation.response(api, version, &told, SystemTime::now());
        let response = response.map_err(|error| Over::Authentication {
            reason: format!(
                "the answer to {} (version {version}) can't be written: {error}",
                api.name
            ),
        })?;
        let outcome = match told {
            Told::Mechanism | Told::Challenge(_) => Outcome::GoesOn(self),
            Told::Authenticated(_, session) => Outcome::Authenticated(session),
            Told::Failed(failed) => Outcome::Failed(Box::new(Over::Authentication {
                reason: failed.to_string(),
            })),
        };
        Ok((Reply::Response(response), outcome))
    }
}

/// The broker of the connection, which takes nothing else from its first question on.
struct Asking<'a> {
    link: &'a Arc<Link>,
    questions: &'a mut Option<Questions>,
}

impl Broker for Asking<'_> {
    async fn ask(&mut self, question: Question) -> Result<Bytes, ProofError> {
        let questions = match (&mut self.questions, question.begins) {
            (Some(questions), _) => questions,
            (empty, Some(mechanism)) => empty.insert(self.link.authenticate(mechanism)?),
            (None, None) => return Err(ProofError::Gone),
        };
        questions.ask(question).await
    }
}

/// The answer to a request that the gateway answers itself.
enum Answer {
    Now(Reply),
    Later(Later),
}

impl<S> Service<Request> for Guard<S>
where
    S: Service<Request, Response = Reply, Error = Over>,
    S::Future: Unpin,
{
    type Response = Reply;
    type Error = Over;
    type Future = Decided<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Over>> {
        self.settle();
        match self.over.take() {
            Some(over) => Poll::Ready(Err(*over)),
            None => self.inner.poll_ready(context),
        }
    }

    fn call(&mut self, request: Request) -> Decided<S::Future> {
        self.settle();
        let local = match is_sasl(request.api.key) && self.session.mechanism().is_some() {
            true => match self.say(request) {
                Ok(Answer::Later(later)) => return Decided::Later(later),
                Ok(Answer::Now(reply)) => Ok(reply),
                Err(over) => Err(over),
            },
            false => match self.check() {
                Ok(()) => return Decided::Inner(self.inner.call(request)),
                Err(over) => Err(over),
            },
        };
        Decided::Now(Some(local))
    }
}
