//! The state in which a client says who it is, before anything of it gets further.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use keg_auth::{Handshake, Session};
use keg_codec::frame::MAX_UNAUTHENTICATED_FRAME;
use keg_codec::header::{self, HeaderError};
use keg_codec::{ApiKey, RequestFrame, WriteQueue};
use keg_policy::{Connection, Response};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep, timeout_at};

use super::proxying::unconnected;
use super::{Ended, Routed};
use crate::backend::{Asked, Broker, ProofError, Question};
use crate::error::Over;
use crate::incoming::Incoming;
use crate::sasl::{self, Conversation, Failed, Said, Told, is_sasl};
use crate::stream::Stream;

/// How many requests it takes to say who one is, at most.
const MAX_REQUESTS: usize = 32;

/// What becomes of a client.
pub(super) enum Outcome {
    /// It is who the session says; and this is its connection to the broker, if the broker had to be asked.
    Authenticated(Session, Option<Stream>),
    /// It has gone without a word.
    Gone,
}

/// A client that is saying who it is.
struct Authenticating<'a> {
    routed: &'a mut Routed,
    incoming: &'a mut Incoming,
    connection: &'a Connection,
    conversation: Conversation,
    /// The broker that was asked about the client.
    broker: Option<Stream>,
}

/// The broker that the client is for, which is connected to once there is a question. What that takes is boxed, as it would be a
/// part of all clients that say who they are, of which there may be as many at once as there are connections.
struct Asking<'a> {
    routed: &'a Routed,
    stream: &'a mut Option<Stream>,
    /// Why it can't be asked, if it can't be connected to.
    unconnected: Option<Ended>,
}

impl Broker for Asking<'_> {
    async fn ask(&mut self, question: Question) -> Result<Bytes, ProofError> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            empty => {
                let (backend, endpoint) = (self.routed.cluster.backend(), self.routed.endpoint);
                match Box::pin(backend.connect_for_client(endpoint)).await {
                    Ok(connected) => empty.insert(connected),
                    Err(error) => {
                        self.unconnected = Some(unconnected(backend, endpoint, &error));
                        return Err(ProofError::Gone);
                    }
                }
            }
        };
        Box::pin(Asked(stream).ask(question)).await
    }
}

/// Lets a client say who it is. What it sends behind that stays to be read.
pub(super) async fn authenticate(
    routed: &mut Routed,
    incoming: &mut Incoming,
    connection: &Connection,
    handshake: Handshake,
) -> Result<Outcome, Ended> {
    let deadline = Instant::now() + routed.limits.authentication_timeout;
    let waited = routed.limits.authentication_timeout;
    let client = Authenticating {
        routed,
        incoming,
        connection,
        conversation: Conversation::new(handshake),
        broker: None,
    };
    match timeout_at(deadline, client.run()).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Ended::ordinarily(
            "authentication_timeout",
            format!("the client did not authenticate within {waited:?}"),
        )),
    }
}

impl Authenticating<'_> {
    async fn run(mut self) -> Result<Outcome, Ended> {
        for _ in 0..MAX_REQUESTS {
            let Some(key) = self.next().await? else {
                return Ok(Outcome::Gone);
            };
            if !self.conversation.is_bare() && !is_sasl(key) && key != ApiKey::API_VERSIONS {
                // It is for the broker, if its client need not say who it is.
                let handshake = self.conversation.into_handshake();
                let handshake = handshake.ok_or_else(|| Ended::because("authentication", Failed::OutOfOrder))?;
                let session = handshake.without_sasl();
                return match session {
                    Ok(session) => Ok(Outcome::Authenticated(session, None)),
                    Err(failure) => Err(Ended::because("authentication", failure.reason())),
                };
            }
            if let Some(session) = self.request().await? {
                return Ok(Outcome::Authenticated(session, self.broker));
            }
        }
        Err(Ended::because(
            "authentication",
            format!("the client is not authenticated after {MAX_REQUESTS} requests"),
        ))
    }

    /// Waits for the next request, and says of which API it is; `None` when the client has gone.
    async fn next(&mut self) -> Result<Option<ApiKey>, Ended> {
        loop {
            if let Some(key) = self.incoming.next_key() {
                return Ok(Some(ApiKey(key)));
            }
            if self.incoming.is_closed() {
                return Ok(None);
            }
            let read = self.incoming.read(&mut self.routed.stream).await;
            read.map_err(|error| Ended::from(Over::ClientIo(error)))?;
        }
    }

    async fn frame(&mut self) -> Result<Bytes, Ended> {
        loop {
            let frame = self.incoming.frame();
            if let Some(frame) = frame.map_err(|error| Ended::from(Over::request(error, MAX_UNAUTHENTICATED_FRAME)))? {
                return Ok(frame);
            }
            if self.incoming.is_closed() {
                return Err(Ended::ordinarily("client_gone", "the client closed the connection"));
            }
            let read = self.incoming.read(&mut self.routed.stream).await;
            read.map_err(|error| Ended::from(Over::ClientIo(error)))?;
        }
    }

    /// Takes a request, and answers it.
    async fn request(&mut self) -> Result<Option<Session>, Ended> {
        let frame = self.frame().await?;
        if self.conversation.is_bare() {
            return self.bare_token(&frame).await;
        }
        let request = match RequestFrame::parse(frame) {
            Ok(request) => request,
            Err(HeaderError::UnknownVersion {
                api, correlation_id, ..
            }) if api.key == ApiKey::API_VERSIONS => {
                let unsupported = self.routed.cluster.chain().served().unsupported();
                self.answer(correlation_id, unsupported).await?;
                return Ok(None);
            }
            Err(error) => return Err(Over::from(error).into()),
        };
        let (api, version, id) = (request.api, request.version, request.correlation_id);
        if api.key == ApiKey::API_VERSIONS {
            let response = self.api_versions(version).await?;
            self.answer(id, response).await?;
            return Ok(None);
        }
        let body = request.body;
        let began = Instant::now();
        let said = self
            .aside(move |conversation| conversation.request(api, version, &body, SystemTime::now()))
            .await?;
        let malformed = |error| {
            let reason = format!("a malformed {} request (version {version}): {error}", api.name);
            Ended::because("authentication", reason)
        };
        let told = self.decide(said.map_err(malformed)?, began).await?;
        let response = self.conversation.response(api, version, &told, SystemTime::now());
        let response = response.map_err(malformed)?;
        match told {
            Told::Mechanism | Told::Challenge(_) => {
                self.answer(id, response).await?;
                Ok(None)
            }
            Told::Authenticated(_, session) => {
                self.answer(id, response).await?;
                Ok(Some(session))
            }
            Told::Failed(failed) => {
                // Guessing takes its time.
                sleep(self.routed.limits.authentication_failure_delay).await;
                let _ = self.answer(id, response).await;
                let _ = self.routed.stream.shutdown().await;
                Err(Ended::because("authentication", failed))
            }
        }
    }

    /// Waits for what the answer takes, which began then.
    async fn decide(&mut self, said: Said, began: Instant) -> Result<Told, Ended> {
        let mut broker = Asking {
            routed: self.routed,
            stream: &mut self.broker,
            unconnected: None,
        };
        let told = sasl::decide(&mut self.conversation, said, &mut broker).await;
        let unconnected = broker.unconnected;
        let backend = self.routed.cluster.backend();
        let told = told.map_err(|error| match (unconnected, error) {
            (Some(ended), _) => ended,
            (None, ProofError::Certificate(alert)) => {
                Ended::told("backend_authentication", backend.note_refused_certificate(alert))
            }
            (None, error) => {
                let name = backend.name();
                let reason = format!("backend cluster {name:?} can't be asked about the client: {error}");
                Ended::because("backend", reason)
            }
        })?;
        let metrics = self.routed.cluster.metrics();
        self.conversation.took(began, &told, false, metrics);
        Ok(told)
    }

    /// Goes on with the conversation where it may take its time: a salted hash is meant to.
    async fn aside<T: Send + 'static>(
        &mut self,
        say: impl FnOnce(&mut Conversation) -> T + Send + 'static,
    ) -> Result<T, Ended> {
        let mut conversation = std::mem::replace(&mut self.conversation, Conversation::over());
        let said = tokio::task::spawn_blocking(move || {
            let said = say(&mut conversation);
            (conversation, said)
        });
        let (conversation, said) = said.await.map_err(|error| Ended::because("authentication", error))?;
        self.conversation = conversation;
        Ok(said)
    }

    async fn bare_token(&mut self, token: &Bytes) -> Result<Option<Session>, Ended> {
        let token = token.clone();
        let began = Instant::now();
        let said = self.aside(move |conversation| conversation.token(&token, SystemTime::now()));
        let said = said.await?;
        let (token, session) = match self.decide(said, began).await? {
            Told::Mechanism => (Vec::new(), None),
            Told::Challenge(token) => (token, None),
            Told::Authenticated(token, session) => (token, Some(session)),
            Told::Failed(failed) => {
                sleep(self.routed.limits.authentication_failure_delay).await;
                return Err(Ended::because("authentication", failed));
            }
        };
        let length = u32::try_from(token.len()).unwrap_or(u32::MAX);
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.extend(token);
        self.write(&bytes).await?;
        Ok(session)
    }

    /// What is served, of what the brokers have said that they serve: none of them is bothered for a client that nobody
    /// knows.
    async fn api_versions(&mut self, version: i16) -> Result<Response, Ended> {
        let cluster = Arc::clone(&self.routed.cluster);
        let backend = Arc::clone(cluster.backend());
        let failed = |reason: String| Ended::because("backend", reason);
        let said = Box::pin(backend.api_versions()).await;
        let said = said.map_err(|error| failed(format!("backend cluster {:?}: {error}", backend.name())))?;
        let response = cluster.chain().api_versions(self.connection, version, &said);
        response.map_err(|error| {
            failed(format!(
                "what the brokers serve can't be said in version {version}: {error}"
            ))
        })
    }

    async fn answer(&mut self, correlation_id: i32, response: Response) -> Result<(), Ended> {
        let mut queue = WriteQueue::default();
        header::write_response(&mut queue, &response.head, correlation_id, response.body);
        self.write(&queue.to_vec()).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        let stream = &mut self.routed.stream;
        let written = async {
            stream.write_all(bytes).await?;
            stream.flush().await
        };
        written.await.map_err(|error| Ended::from(Over::ClientIo(error)))
    }
}
