//! Requests that wait while a policy asks the broker something.

use super::{Chain, Kept, Pending};
use crate::connection::Connection;
use crate::message::{Reply, Request};
use crate::policy::{Note, Outcome, Question};

/// A request that waits until the broker has answered what a policy asks it.
///
/// The question goes to the broker next, and its reply to [`Chain::resume`]; until that has given another outcome,
/// nothing else of the client's is sent.
#[derive(Debug)]
pub struct Asking {
    asker: Asker,
    note: Note,
    question: Request,
    stage: Stage,
}

/// The policy that asks, and those before it.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) pending: Pending,
    pub(super) kept: Kept,
}

/// How far the question has come.
#[derive(Debug)]
enum Stage {
    /// It is for the broker.
    Sent(Pending),
    /// A policy behind the one that asks has a question of its own about it.
    Waits(Box<Asking>),
}

impl Asking {
    /// What goes to the broker now.
    pub fn question(&self) -> Request {
        match &self.stage {
            Stage::Sent(_) => self.question.clone(),
            Stage::Waits(inner) => inner.question(),
        }
    }

    /// Shows a question to the policies behind the one that asks.
    pub(super) fn begin(
        chain: &Chain,
        connection: &Connection,
        request: &mut Request,
        asker: Asker,
        question: Question,
    ) -> Outcome<Pending> {
        let Question {
            request: mut question,
            note,
        } = question;
        if !chain.served.contains(question.api.key, question.version) {
            return Outcome::Close(format!(
                "the policy {} asks {} version {}, which another policy does not serve",
                chain.name(&asker.kept),
                question.api.name,
                question.version
            ));
        }
        let outcome = chain.forward(connection, &mut question, asker.kept.policy() + 1);
        Self::advance(chain, connection, request, asker, note, question, outcome)
    }

    pub(super) fn resume(
        self,
        chain: &Chain,
        connection: &Connection,
        request: &mut Request,
        reply: Reply,
    ) -> Outcome<Pending> {
        let Self {
            asker,
            note,
            mut question,
            stage,
        } = self;
        let outcome = match stage {
            Stage::Sent(sent) => chain.response(connection, sent, reply),
            Stage::Waits(inner) => inner.resume(chain, connection, &mut question, reply),
        };
        Self::advance(chain, connection, request, asker, note, question, outcome)
    }

    /// Goes on with what became of the question.
    fn advance(
        chain: &Chain,
        connection: &Connection,
        request: &mut Request,
        asker: Asker,
        note: Note,
        question: Request,
        outcome: Outcome<Pending>,
    ) -> Outcome<Pending> {
        let stage = match outcome {
            Outcome::Reply(reply) => return asker.answered(chain, connection, request, note, reply),
            Outcome::Close(reason) => return Outcome::Close(reason),
            Outcome::Forward(sent) => Stage::Sent(sent),
            Outcome::Ask(inner) => Stage::Waits(inner),
        };
        Outcome::Ask(Box::new(Self {
            asker,
            note,
            question,
            stage,
        }))
    }
}

impl Asker {
    /// Lets the policy decide again, and the others behind it after that.
    fn answered(
        self,
        chain: &Chain,
        connection: &Connection,
        request: &mut Request,
        note: Note,
        reply: Reply,
    ) -> Outcome<Pending> {
        let Some(policy) = chain.policies.get(self.kept.policy()) else {
            return Outcome::Close("the policy that asked is gone".to_owned());
        };
        let decision = policy.resume(connection, request, note, reply);
        chain.decide(connection, request, self, decision)
    }
}
