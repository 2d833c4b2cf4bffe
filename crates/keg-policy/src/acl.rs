//! ACLs: who may do what, decided by the gateway.

mod before_names;
mod beforehand;
mod beside;
mod client;
mod creation;
mod deletion;
mod described;
mod ids;
mod inbound;
mod index;
mod needs;
mod offsets;
mod operation;
mod outbound;
mod pages;
mod pattern;
mod produce;
mod regex;
mod request;
mod rule;
mod rules;
mod sessions;
mod settled;
mod transactions;

use std::collections::BTreeSet;
use std::sync::Arc;

use keg_codec::schema::EntitySet;
use keg_codec::walk::{WalkError, walk};
use keg_codec::{Api, ErrorCode};

use crate::chain::StreamedNames;
use crate::connection::Connection;
use crate::message::{Reply, Request, Response};
use crate::namespace::look_up::told;
use crate::namespace::metadata;
use crate::namespace::topic_ids::NO_TOPIC_ID;
use crate::policy::{Answer, Decision, Interest, Note, Policy, Withheld};
use client::Client;
pub use client::{AclDecision, AclObserver};
pub use ids::TopicNames;
pub use operation::{CLUSTER_NAME, Operation, Operations, ResourceType, UnknownWord};
use outbound::Outbound;
pub use pattern::{InvalidPattern, NamePattern};
use request::{Asks, Kept, Progress, Waiting};
pub use rule::{AclAction, AclCondition, AclNameExpression, AclNames, AclPolicy, AclRule, ExpressionFailed, RuleName};
use rules::Rules;

/// Lets clients do what rules allow, and nothing else.
///
/// It asks for what Kafka's own broker asks for, and answers as that does: what a client may not touch is denied by topic, partition,
/// group or resource, and the rest of the request goes on; what it may not see is left out of lists. It stands before all policies that
/// change names, since rules are about those that clients use.
///
/// ACLs can't be administered through it: there are none but its own. What isn't known to need which permission isn't
/// served.
#[derive(Debug)]
pub struct Acls {
    rules: Arc<Rules>,
    topic_names: TopicNames,
    observer: Option<Arc<dyn AclObserver>>,
}

impl Acls {
    /// The rules of these policies, taken together: what one allows, none may deny.
    pub fn new(policies: Vec<AclPolicy>) -> Self {
        Self {
            rules: Arc::new(Rules::new(policies)),
            topic_names: TopicNames::default(),
            observer: None,
        }
    }

    /// The same rules with what others know of topics' ids.
    #[must_use]
    pub fn with_topic_names(mut self, topic_names: TopicNames) -> Self {
        self.topic_names = topic_names;
        self
    }

    /// The same rules, which tell of every decision.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn AclObserver>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Whether the client of a connection may do something, and which rule says so.
    pub fn decide<'a>(
        &self,
        connection: &Connection,
        operation: Operation,
        resource_type: ResourceType,
        resource_name: &'a str,
    ) -> AclDecision<'a> {
        let client = self.client(connection);
        client.decision(operation, resource_type, resource_name)
    }

    fn client<'a>(&'a self, connection: &'a Connection) -> Client<'a> {
        Client::of(connection, &self.rules, self.observer.as_deref())
    }

    fn go_on(&self, client: &Client<'_>, request: &mut Request, progress: &Progress) -> Decision {
        let body = request.body_bytes();
        let decision = self.inbound(client, request, &body, progress);
        decision.unwrap_or_else(|error| Decision::Close(request.malformed(&error)))
    }

    fn answered(&self, progress: &mut Progress, question: Asks, reply: Reply) -> Result<(), WalkError> {
        let existing = |reply| -> Result<BTreeSet<Vec<u8>>, WalkError> {
            let told = told(reply)?;
            Ok(told
                .into_iter()
                .filter(|(_, id)| *id != NO_TOPIC_ID)
                .map(|(name, _)| name)
                .collect())
        };
        match question {
            Asks::Ids => {
                progress.ids = true;
                self.topic_names.learn_from(reply)?;
            }
            Asks::Creation => progress.made = true,
            Asks::Existing => progress.existing = Some(existing(reply)?),
            Asks::All => progress.all = Some(existing(reply)?),
            Asks::Beside => progress.beside = Some(beside::read(reply)?),
        }
        Ok(())
    }

    fn outbound(
        &self,
        connection: &Connection,
        kept: &Kept,
        (api, version): (&'static Api, i16),
        response: &mut Response,
    ) -> Result<(), Withheld> {
        if kept.is_nothing() && !outbound::concerns(api.key) && !described::concerns(api.key) {
            return Ok(());
        }
        if kept.ends_connection {
            return Err(Withheld::ending(
                "a part of a Produce request with acks=0 was denied, which only a disconnect can tell",
            ));
        }
        let client = self.client(connection);
        let mut body = response.body_bytes();
        if let Some(picked) = &kept.picked {
            body = metadata::pick(picked, api, version, &body).map_err(Withheld::new)?;
        }
        if kept.operations
            && described::concerns(api.key)
            && let Some(changed) = described::change(&client, api, version, &body).map_err(Withheld::new)?
        {
            body = changed;
        }
        let visitor = Outbound::new(&client, &self.topic_names, kept, api, version, &body);
        let mut visitor = visitor.map_err(Withheld::new)?;
        let edits = walk(&api.response, version, &body, &mut visitor).map_err(Withheld::new)?;
        visitor.learn();
        if !visitor.is_complete() {
            return Err(Withheld::new(
                "the broker's response has no place for the answer to what was denied",
            ));
        }
        if let Some((topics, rules)) = kept.begins.as_ref().filter(|_| visitor.session != 0) {
            let key = sessions::Key::Fetch(visitor.session);
            sessions::begin(connection, key, topics.clone(), rules);
        }
        response.body = edits.apply(&body);
        Ok(())
    }
}

impl Policy for Acls {
    fn name(&self) -> &str {
        "acls"
    }

    fn interest(&self, api: &Api, version: i16) -> Interest {
        if !needs::are_known(api) {
            return Interest::Unsupported;
        }
        let is_request = api.request.entities(version).intersects(inbound::NAMED)
            || !needs::cluster_in(api.key, version).is_empty()
            || needs::administers(api.key);
        // What the broker answers to what was admitted stays as it is, but where it lists, tells or is appended to.
        let is_response = api.response.entities(version).intersects(outbound::NAMED) || described::concerns(api.key);
        Interest::of(is_request, is_response && !needs::administers(api.key))
    }

    fn looks_for(&self, api: &Api, _version: i16) -> Option<EntitySet> {
        (!outbound::concerns(api.key) && !described::concerns(api.key)).then_some(EntitySet::EMPTY)
    }

    fn request(&self, connection: &Connection, request: &mut Request) -> Decision {
        let client = self.client(connection);
        if self.plainly_admits(&client, request) {
            return Decision::Forward(Note::default());
        }
        // Decisions are told on the way through a request, which is therefore gone through once.
        request.cut_off_trailing_bytes();
        self.go_on(&client, request, &Progress::default())
    }

    fn streams_request(&self, connection: &Connection, request: &Request) -> bool {
        self.admits_head(&self.client(connection), request)
    }

    fn streams_topics(&self, _version: i16) -> bool {
        true
    }

    fn streamed_topic(&self, connection: &Connection, id: &[u8; 16]) -> Result<(), ErrorCode> {
        self.admits_topic(&self.client(connection), id)
    }

    fn streamed_name(&self, connection: &Connection, name: &[u8]) -> Result<&[u8], ErrorCode> {
        Self::admits_name(&self.client(connection), name).map(|()| &[][..])
    }

    fn resume(&self, connection: &Connection, request: &mut Request, note: Note, reply: Reply) -> Decision {
        let Some(Waiting { question, mut progress }) = note.take() else {
            return Decision::Close("acls asked for nothing".to_owned());
        };
        match self.answered(&mut progress, question, reply) {
            Ok(()) => self.go_on(&self.client(connection), request, &progress),
            Err(error) => Decision::Close(format!("the broker's answer about topics is malformed: {error}")),
        }
    }

    fn streams(&self, _api: &Api, _version: i16, note: &Note) -> bool {
        note.get::<Kept>()
            .is_some_and(|kept| kept.denied.is_empty() && !kept.ends_connection)
    }

    fn streamed_names(&self, _connection: &Connection, _note: &Note) -> Option<StreamedNames> {
        Some(StreamedNames::Kept)
    }

    fn response(&self, connection: &Connection, answer: Answer<'_>) -> Result<(), Withheld> {
        let nothing = Kept::of_nothing();
        let kept = answer.note.get().unwrap_or(&nothing);
        self.outbound(connection, kept, (answer.api, answer.version), answer.response)
    }
}
