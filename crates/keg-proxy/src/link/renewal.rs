//! A connection that authenticates again while it is in use (KIP-368).
//!
//! Brokers take nothing else between the handshake and the last token. So the requests of the client and of policies that
//! come meanwhile are held; those that went before are answered before. Their places in the ledger are behind those of
//! the gateway's own questions from the beginning, as how many there are depends on the mechanism alone.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use keg_auth::Client;
use keg_codec::{Api, ResponseFrame, WriteQueue, header};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{State, Waiter};
use crate::backend::{Backend, Lease, Proof, ProofError, Question, Step};
use crate::error::Over;

/// An authentication on the way.
#[derive(Debug)]
pub(super) struct Renewal {
    /// None once the broker has decided.
    proof: Option<Proof>,
    /// The correlation ids of the questions that were not asked yet.
    ids: VecDeque<i32>,
    /// What is not sent before the broker has decided.
    pub(super) held: WriteQueue,
    lease: Lease,
    backend: Arc<Backend>,
    began: Instant,
    /// When the last question was asked.
    asked: Instant,
    done: Option<oneshot::Sender<Option<Lease>>>,
}

impl State {
    /// Begins, and tells at the end until when the connection is good then.
    pub(super) fn renew(
        &mut self,
        backend: &Arc<Backend>,
        lease: Lease,
        client: Client,
    ) -> Result<oneshot::Receiver<Option<Lease>>, Over> {
        let began = Instant::now();
        let questions = Proof::questions(&client);
        let (question, proof) = Proof::begin(client).map_err(refused)?;
        let mut ids = VecDeque::new();
        for place in 0..questions {
            let api = if place == 0 { question.api } else { authenticate()? };
            let waiter = Waiter {
                api,
                version: question.version,
                sent: began,
                streams: false,
                own: true,
            };
            // A ledger that has ended tells so by itself.
            let id = self.ledger.push(waiter);
            ids.push_back(id.map_err(|_| Over::Backend("it is gone".to_owned()))?);
        }
        let (done, outcome) = oneshot::channel();
        let mut renewal = Box::new(Renewal {
            proof: Some(proof),
            ids,
            held: WriteQueue::default(),
            lease,
            backend: Arc::clone(backend),
            began,
            asked: began,
            done: Some(done),
        });
        renewal.ask(question, &mut self.out)?;
        self.renewal = Some(renewal);
        Ok(outcome)
    }

    /// Takes the answer to a question of the gateway's own.
    pub(super) fn renewed(&mut self, frame: ResponseFrame, waiter: &Waiter) -> Result<(), Over> {
        let Some(mut renewal) = self.renewal.take() else {
            return Err(Over::Backend("it authenticates without being asked".to_owned()));
        };
        match renewal.answer(frame, waiter, &mut self.out) {
            Ok(None) => self.renewal = Some(renewal),
            Ok(Some(lifetime)) => {
                let renewal = *renewal;
                self.out.append(renewal.held);
                let lease = lifetime.map(|time| Lease::new(renewal.lease.credentials, renewal.asked, time));
                if let Some(done) = renewal.done {
                    // Whoever waited may have gone with the connection.
                    let _ = done.send(lease);
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Where requests go.
    pub(super) fn queue(&mut self) -> &mut WriteQueue {
        match &mut self.renewal {
            Some(renewal) => &mut renewal.held,
            None => &mut self.out,
        }
    }

    /// How many bytes wait to be written, whatever they wait for.
    pub(crate) fn queued(&self) -> usize {
        self.out.len() + self.renewal.as_ref().map_or(0, |renewal| renewal.held.len())
    }
}

impl Renewal {
    /// Takes an answer, and asks on; gives the time that the session has then once there is nothing more to ask.
    fn answer(
        &mut self,
        frame: ResponseFrame,
        waiter: &Waiter,
        out: &mut WriteQueue,
    ) -> Result<Option<Option<Duration>>, Over> {
        let (_, body) = frame
            .split(waiter.api, waiter.version)
            .map_err(|error| Over::backend(&error))?;
        let Some(proof) = self.proof.take() else {
            return Err(Over::Backend("it answers what was not asked".to_owned()));
        };
        match proof.answer(&body) {
            Ok(Step::Ask(question, proof)) => {
                self.proof = Some(proof);
                self.ask(question, out)?;
                Ok(None)
            }
            Ok(Step::Proved(lifetime)) if self.ids.is_empty() => {
                self.note(&Ok(()));
                Ok(Some(lifetime))
            }
            Ok(Step::Proved(_)) => Err(Over::Backend("it authenticates too early".to_owned())),
            Ok(Step::Refused(_, reason)) => {
                let error = ProofError::Refused(reason);
                self.note(&Err(error.clone()));
                Err(refused(error))
            }
            Err(error) => {
                self.note(&Err(error.clone()));
                Err(refused(error))
            }
        }
    }

    fn ask(&mut self, question: Question, out: &mut WriteQueue) -> Result<(), Over> {
        let Some(id) = self.ids.pop_front() else {
            return Err(Over::Backend(
                "it asks for more tokens than the mechanism has".to_owned(),
            ));
        };
        self.asked = Instant::now();
        let head = header::request_head(question.api, question.version, b"keg");
        header::write_request(out, &head, id, question.body.into());
        Ok(())
    }

    fn note(&self, outcome: &Result<(), ProofError>) {
        let credentials = &self.lease.credentials;
        self.backend.note_proof(credentials, self.began, true, outcome);
    }
}

fn authenticate() -> Result<&'static Api, Over> {
    Api::of(keg_codec::ApiKey::SASL_AUTHENTICATE).ok_or_else(|| Over::Backend("keg has no table for it".to_owned()))
}

fn refused(error: ProofError) -> Over {
    Over::BackendAuthentication {
        reason: error.to_string(),
    }
}
