//! SASL in Kafka's requests (KIP-43, KIP-152, KIP-368), without I/O.

mod answer;
mod broker;
mod effort;

use std::time::{Duration, SystemTime};

use keg_auth::jwt::Renewal;
use keg_auth::{AwaitingKeys, Chosen, Exchange, Failure, Handshake, Mechanism, Next, Passthrough, Session};
use keg_codec::message::Struct;
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey};
use tokio::time::timeout;

use crate::backend::{Broker, ProofError, Question};
pub(crate) use answer::Failed;
use broker::{Asked, Forwarded};
use effort::Effort;

/// In version 0 of SaslHandshake tokens follow without Kafka's headers.
const FIRST_WITH_HEADERS: i16 = 1;

/// How long keys are waited for, where the client has no less time.
const KEYS_TIMEOUT: Duration = Duration::from_secs(30);

/// What a client and the gateway have said to each other.
#[derive(Debug)]
pub(crate) struct Conversation {
    state: State,
    /// What SaslHandshake lists.
    mechanisms: Vec<Mechanism>,
    /// Tokens come without headers.
    bare: bool,
    effort: Effort,
}

#[derive(Debug)]
enum State {
    /// SaslHandshake is to come.
    Handshake(Handshake),
    /// Tokens are.
    Tokens(Exchange),
    /// Tokens are, which the broker decides on.
    Passed(Box<Passthrough>),
    /// Keys are, for a token that has come; and that token, if the broker gets it too.
    Keys(Box<AwaitingKeys>, Option<Vec<u8>>),
    /// The broker's answer is.
    Asked(Box<Asked>),
    /// Nothing more.
    Over,
}

/// What comes of a client's request.
pub(crate) enum Said {
    /// The client is to be told this.
    Told(Told),
    /// It takes keys, for which this is the wait. The conversation is to be resumed then.
    Keys(Renewal),
    /// It takes what the broker of the connection answers to this.
    Broker(Question),
}

/// What a client is told.
#[derive(Debug)]
pub(crate) enum Told {
    /// Tokens of the mechanism may come.
    Mechanism,
    /// This token, upon which another one is to come.
    Challenge(Vec<u8>),
    /// This last token: the client is who the session says.
    Authenticated(Vec<u8>, Session),
    /// No, and not at once; the connection ends.
    Failed(Failed),
}

/// Whether requests of this API are a part of such a conversation.
pub(crate) fn is_sasl(key: ApiKey) -> bool {
    matches!(key, ApiKey::SASL_HANDSHAKE | ApiKey::SASL_AUTHENTICATE)
}

impl Conversation {
    pub(crate) fn new(handshake: Handshake) -> Self {
        Self {
            mechanisms: handshake.mechanisms().collect(),
            state: State::Handshake(handshake),
            bare: false,
            effort: Effort::default(),
        }
    }

    /// One in which nothing more is said.
    pub(crate) fn over() -> Self {
        Self {
            state: State::Over,
            mechanisms: Vec::new(),
            bare: false,
            effort: Effort::default(),
        }
    }

    /// Whether the client's next frame is a token, and nothing else.
    pub(crate) fn is_bare(&self) -> bool {
        self.bare && matches!(self.state, State::Tokens(_) | State::Passed(_))
    }

    /// What was said so far if the client says nothing of SASL: nothing yet, or `None`.
    pub(crate) fn into_handshake(self) -> Option<Handshake> {
        match self.state {
            State::Handshake(handshake) => Some(handshake),
            _ => None,
        }
    }

    /// Takes SaslHandshake or SaslAuthenticate.
    ///
    /// # Errors
    /// When the request is malformed.
    pub(crate) fn request(
        &mut self,
        api: &'static Api,
        version: i16,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Said, WalkError> {
        let request = Struct::read(&api.request, version, body)?;
        Ok(match (api.key, &self.state) {
            (ApiKey::SASL_HANDSHAKE, State::Handshake(_)) => {
                self.bare = version < FIRST_WITH_HEADERS;
                self.mechanism(&String::from_utf8_lossy(request.bytes("Mechanism")))
            }
            (ApiKey::SASL_AUTHENTICATE, _) => self.token(request.bytes("AuthBytes"), now),
            _ => self.out_of_order(),
        })
    }

    /// Takes a token, whether it comes in SaslAuthenticate or without headers.
    pub(crate) fn token(&mut self, token: &[u8], now: SystemTime) -> Said {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Tokens(exchange) => {
                let forwarded = exchange.forwards().then(|| token.to_vec());
                let next = exchange.token(token, now);
                self.next(next, forwarded, now)
            }
            State::Passed(passthrough) => self.pass(*passthrough, token),
            _ => self.out_of_order(),
        }
    }

    /// Goes on with the token that keys were waited for, whether there are any now or not.
    pub(crate) fn resume(&mut self, now: SystemTime) -> Said {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Keys(waiting, forwarded) => self.next(waiting.resume(now), forwarded, now),
            _ => self.out_of_order(),
        }
    }

    fn mechanism(&mut self, wanted: &str) -> Said {
        let State::Handshake(handshake) = std::mem::replace(&mut self.state, State::Over) else {
            return self.out_of_order();
        };
        let chosen = handshake.choose(wanted);
        if let Ok(chosen) = &chosen {
            self.effort.by(chosen);
        }
        match chosen {
            Ok(Chosen::Exchange(exchange)) => {
                self.state = State::Tokens(exchange);
                Said::Told(Told::Mechanism)
            }
            Ok(Chosen::Passthrough(passthrough)) => self.ask(Asked::Mechanism(passthrough)),
            Err(failure) => failed(failure),
        }
    }

    fn next(&mut self, next: Result<Next, Failure>, forwarded: Option<Vec<u8>>, now: SystemTime) -> Said {
        match next {
            Err(failure) => failed(failure),
            Ok(Next::Challenge(token, exchange)) => {
                self.state = State::Tokens(exchange);
                Said::Told(Told::Challenge(token))
            }
            Ok(Next::Authenticated(answer, session)) => match (forwarded, session.mechanism()) {
                (Some(token), Some(mechanism)) => self.ask(Asked::Forward(Forwarded {
                    mechanism,
                    token,
                    answer,
                    session,
                })),
                _ => Said::Told(Told::Authenticated(answer, session)),
            },
            Ok(Next::UnknownKey(waiting)) => match waiting.renew() {
                Some(renewal) => {
                    self.state = State::Keys(Box::new(waiting), forwarded);
                    Said::Keys(renewal)
                }
                // With what is known, the token isn't valid; `resume` says so, and never asks for keys again.
                None => {
                    let next = waiting.resume(now);
                    self.next(next, forwarded, now)
                }
            },
        }
    }

    /// Refuses a client that authenticates again and again.
    pub(crate) fn too_soon(&mut self) -> Said {
        self.state = State::Over;
        Said::Told(Told::Failed(Failed::TooSoon))
    }

    fn out_of_order(&mut self) -> Said {
        self.state = State::Over;
        Said::Told(Told::Failed(Failed::OutOfOrder))
    }
}

fn failed(failure: Failure) -> Said {
    Said::Told(Told::Failed(Failed::Failure(failure)))
}

/// What a client is told in the end, with the keys and the answers that it takes.
///
/// # Errors
/// When the broker doesn't answer, or answers nonsense.
pub(crate) async fn decide(
    conversation: &mut Conversation,
    mut said: Said,
    broker: &mut impl Broker,
) -> Result<Told, ProofError> {
    loop {
        said = match said {
            Said::Told(told) => return Ok(told),
            Said::Keys(renewal) => {
                // Without them the token is not valid, which is said as ever.
                let _ = timeout(KEYS_TIMEOUT, renewal).await;
                conversation.resume(SystemTime::now())
            }
            Said::Broker(question) => {
                let answer = broker.ask(question).await?;
                conversation.answered(&answer, SystemTime::now())?
            }
        };
    }
}
