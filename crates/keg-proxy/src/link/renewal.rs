//! A connection that authenticates again while it is in use (KIP-368).
//!
//! Brokers take nothing else between the handshake and the last token. So the requests of the client and of policies that
//! come meanwhile are held; those that went before are answered before, and a request that still arrives is written to its end
//! before the first question. Their places in the ledger are behind those of
//! the questions from the beginning, as how many there are depends on the mechanism alone.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use keg_auth::Mechanism;
use keg_codec::{Api, ResponseFrame, WriteQueue, header};
use keg_policy::Streams;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Link, State, Waiter};
use crate::backend::{Broker, ProofError, Question, api};
use crate::error::Over;

/// An authentication on the way.
#[derive(Debug)]
pub(super) struct Renewal {
    /// The correlation ids of the questions that were not asked yet.
    ids: VecDeque<i32>,
    /// What is not sent before the broker has decided.
    pub(super) held: WriteQueue,
    /// Who waits for the answer to the last question.
    asked: Option<oneshot::Sender<Bytes>>,
}

/// Whoever authenticates again. Until it has [finished](Self::finish), nothing else is sent.
#[derive(Debug)]
pub(crate) struct Questions(Arc<Link>);

impl Questions {
    /// Keeps the places for the questions of a mechanism.
    pub(super) fn begin(link: &Arc<Link>, mechanism: Mechanism) -> Result<Self, ProofError> {
        let mut state = link.state();
        if state.renewal.is_some() {
            return Err(ProofError::Undecided(
                "it authenticates again while it does so already".to_owned(),
            ));
        }
        let mut ids = VecDeque::new();
        for (key, version) in Question::all(mechanism) {
            ids.push_back(state.place(api(key)?, version)?);
        }
        state.renewal = Some(Box::new(Renewal {
            ids,
            held: WriteQueue::default(),
            asked: None,
        }));
        Ok(Self(Arc::clone(link)))
    }

    /// Lets everything else go on, as the broker has said yes to the last question.
    pub(crate) fn finish(self) -> Result<(), ProofError> {
        let mut state = self.0.state();
        let renewal = state.renewal.take().ok_or(ProofError::Gone)?;
        if !renewal.ids.is_empty() {
            return Err(ProofError::Undecided("it authenticates too early".to_owned()));
        }
        state.tail().append(renewal.held);
        Ok(())
    }

    fn send(&self, question: Question) -> Result<oneshot::Receiver<Bytes>, ProofError> {
        let Question { api, version, body, .. } = question;
        let mut guard = self.0.state();
        let state = &mut *guard;
        let renewal = state.renewal.as_mut().ok_or(ProofError::Gone)?;
        let (answer, asked) = oneshot::channel();
        renewal.asked = Some(answer);
        let id = match renewal.ids.pop_front() {
            Some(id) => id,
            // What a mechanism has to say once it has failed; nothing that is held is sent any more.
            None if renewal.held.is_empty() => state.place(api, version)?,
            None => {
                return Err(ProofError::Undecided(
                    "it wants more tokens than the mechanism has".to_owned(),
                ));
            }
        };
        let head = header::request_head(api, version, b"keg");
        header::write_request(state.tail(), &head, id, body.into());
        Ok(asked)
    }
}

impl Broker for Questions {
    async fn ask(&mut self, question: Question) -> Result<Bytes, ProofError> {
        let asked = self.send(question)?;
        asked.await.map_err(|_| ProofError::Gone)
    }
}

impl State {
    fn place(&mut self, api: &'static Api, version: i16) -> Result<i32, ProofError> {
        let waiter = Waiter {
            api,
            version,
            sent: Instant::now(),
            streams: Streams::No,
            own: true,
        };
        // A ledger that has ended tells so by itself.
        self.ledger.push(waiter).map_err(|_| ProofError::Gone)
    }

    /// Takes the answer to a question.
    pub(super) fn take_answer(&mut self, frame: ResponseFrame, waiter: &Waiter) -> Result<(), Over> {
        let (_, body) = frame
            .split(waiter.api, waiter.version)
            .map_err(|error| Over::backend(&error))?;
        let asked = self.renewal.as_mut().and_then(|renewal| renewal.asked.take());
        let asked = asked.ok_or_else(|| Over::Backend("it answers what was not asked".to_owned()))?;
        // Whoever waited may have gone with the connection.
        let _ = asked.send(body);
        Ok(())
    }

    /// Where requests go.
    pub(super) fn queue(&mut self) -> &mut WriteQueue {
        match (&mut self.renewal, &mut self.under_way) {
            (Some(renewal), _) => &mut renewal.held,
            (None, Some(under_way)) => &mut under_way.behind,
            (None, None) => &mut self.out,
        }
    }
}
