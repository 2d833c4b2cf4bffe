//! The gateway's side of SASL, without I/O.

use std::time::Duration;

use bytes::Bytes;
use keg_auth::{Client, ClientStep, Waiting};
use keg_codec::ErrorCode;
use tokio::time::Instant;

use super::questions::{MechanismAnswer, Question, TokenAnswer};

/// An authentication that has begun, and waits for the answer to its last question.
#[derive(Debug)]
pub(crate) struct Proof {
    state: State,
}

#[derive(Debug)]
enum State {
    Handshake(Box<Client>),
    Token(Waiting),
}

/// What an answer leads to.
#[derive(Debug)]
enum Step {
    /// Another question.
    Ask(Question, Proof),
    /// The gateway is authenticated, for this time if not for ever.
    Proved(Option<Duration>),
    /// It is not, for this reason; a mechanism may want the broker to be told that this was understood.
    Refused(Question, String),
}

/// Why the gateway is not authenticated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProofError {
    /// The broker has decided against it.
    #[error("{0}")]
    Refused(String),
    /// There was no decision.
    #[error("{0}")]
    Undecided(String),
    /// It has refused the gateway's certificate, and reads nothing.
    #[error("it does not take the gateway's certificate ({0:?})")]
    Certificate(keg_tls::AlertDescription),
    /// The connection is over, and whoever has it says why.
    #[error("the connection is gone")]
    Gone,
}

/// Whoever answers questions.
pub(crate) trait Broker {
    /// Asks, and gives the body of the answer.
    fn ask(&mut self, question: Question) -> impl Future<Output = Result<Bytes, ProofError>> + Send;
}

/// That the gateway is who it says.
#[derive(Debug)]
pub(super) struct Proved {
    /// When the last token was sent, at which the node has counted no time yet.
    pub(super) since: Instant,
    /// For how long it is good, if not for ever.
    pub(super) lifetime: Option<Duration>,
}

/// Proves who the gateway is.
pub(super) async fn prove<B: Broker>(client: Client, broker: &mut B) -> Result<Proved, ProofError> {
    let (mut question, mut proof) = Proof::begin(client)?;
    loop {
        let since = Instant::now();
        let answer = broker.ask(question).await?;
        match proof.answer(&answer)? {
            Step::Ask(next, state) => (question, proof) = (next, state),
            Step::Proved(lifetime) => return Ok(Proved { since, lifetime }),
            Step::Refused(last, reason) => {
                // It says no more than that, and tells it to its own log.
                let _ = broker.ask(last).await;
                return Err(ProofError::Refused(reason));
            }
        }
    }
}

impl Proof {
    /// The first question.
    fn begin(client: Client) -> Result<(Question, Self), ProofError> {
        let question = Question::mechanism(client.mechanism())?;
        let state = State::Handshake(Box::new(client));
        Ok((question, Self { state }))
    }

    /// Takes the body of the answer.
    fn answer(self, body: &[u8]) -> Result<Step, ProofError> {
        match self.state {
            State::Handshake(client) => {
                check_mechanism(&MechanismAnswer::read(body)?, client.mechanism().name())?;
                let (token, waiting) = client.begin();
                ask(token, waiting)
            }
            State::Token(waiting) => {
                let TokenAnswer {
                    code,
                    words,
                    token,
                    lifetime,
                } = TokenAnswer::read(body)?;
                if code != ErrorCode::NONE {
                    return Err(ProofError::Refused(format!("error {}: {words:?}", code.0)));
                }
                let step = waiting.respond(&token);
                match step.map_err(|error| ProofError::Refused(error.to_string()))? {
                    ClientStep::Send(token, waiting) => ask(token, waiting),
                    ClientStep::Done => Ok(Step::Proved(lifetime)),
                    ClientStep::Refused(token, error) => Ok(Step::Refused(Question::token(token)?, error.to_string())),
                }
            }
        }
    }
}

fn ask(token: Vec<u8>, waiting: Waiting) -> Result<Step, ProofError> {
    let state = State::Token(waiting);
    Ok(Step::Ask(Question::token(token)?, Proof { state }))
}

fn check_mechanism(answer: &MechanismAnswer, mechanism: &str) -> Result<(), ProofError> {
    let reason = match answer.code {
        ErrorCode::NONE => return Ok(()),
        ErrorCode::UNSUPPORTED_SASL_MECHANISM => {
            format!("it does not offer {mechanism}, but {}", answer.mechanisms.join(", "))
        }
        ErrorCode::ILLEGAL_SASL_STATE => "it does not want SASL here (error 34), or not yet again".to_owned(),
        ErrorCode(code) => format!("it answers the handshake with error {code}"),
    };
    Err(ProofError::Refused(reason))
}
