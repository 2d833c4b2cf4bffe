//! What is known of a request while its response is awaited.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use keg_codec::schema::EntitySet;
use keg_codec::walk::says_nothing_of;
use keg_codec::{Api, ApiKey};

use super::Chain;
use super::served::Interested;
use super::streaming::StreamedNames;
use super::topics::Refused;
use crate::connection::ClientId;
use crate::message::{Request, Response};
use crate::policy::{Note, Policy};

/// A request that is with the broker: who saw it, and what they noted.
#[derive(Debug)]
pub struct Pending {
    pub(super) api: &'static Api,
    pub(super) version: i16,
    pub(super) silent: bool,
    /// What the client called itself then, if policies ask for it.
    pub(super) client_id: Option<Arc<ClientId>>,
    /// What becomes of the names that are behind the head of a response which is passed on; none if that has the only one.
    pub(super) names: Option<StreamedNames>,
    /// What is refused of it while it goes on; none if nothing can be.
    pub(super) refused: Option<Arc<Refused>>,
    /// The places of the policies that it has come past.
    seen: Range<usize>,
    /// What is kept for those that are to see the response, in their order: of a small Produce request mostly nothing.
    kept: Vec<Kept>,
    /// The note of those for whom nothing is.
    nothing: Note,
}

/// What is kept of a request for a policy that is to see the response.
#[derive(Debug)]
pub(super) struct Kept {
    policy: usize,
    /// Whether it is to see the response indeed.
    is_for_response: bool,
    note: Note,
    /// The request as it came to the policy, for an error in the place of a response that the policy withholds. Record
    /// batches aren't kept.
    request: Option<Bytes>,
}

impl Kept {
    /// What is kept of a request before a policy has seen it.
    pub(super) fn before(interested: &Interested, request: &mut Request) -> Self {
        let keeps = interested.response && request.api.key != ApiKey::PRODUCE;
        Self {
            policy: interested.policy,
            is_for_response: interested.response,
            note: Note::default(),
            request: keeps.then(|| request.body_bytes()),
        }
    }

    /// The place of the policy.
    pub(super) fn policy(&self) -> usize {
        self.policy
    }
}

impl Pending {
    /// A request that comes to the policy at `first`.
    pub(super) fn new(request: &Request, client_id: Option<Arc<ClientId>>, first: usize) -> Self {
        Self {
            api: request.api,
            version: request.version,
            silent: request.body.is_silent(request.api, request.version),
            client_id,
            names: None,
            refused: None,
            seen: first..first,
            kept: Vec::new(),
            nothing: Note::default(),
        }
    }

    /// A policy has seen it, and noted this for the response, if it is to see that.
    #[inline]
    pub(super) fn goes_past(&mut self, kept: Kept, note: Note) {
        self.seen.end = kept.policy + 1;
        if kept.is_for_response && !(note.is_nothing() && kept.request.is_none()) {
            self.kept.push(Kept { note, ..kept });
        }
    }

    fn kept(&self, policy: usize) -> Option<&Kept> {
        self.kept.iter().find(|kept| kept.policy == policy)
    }
}

impl Chain {
    /// The policies that are to see the response, the client's side first, with what they have noted and the request that is
    /// kept for them.
    pub(super) fn awaiting<'a>(
        &'a self,
        pending: &'a Pending,
    ) -> impl DoubleEndedIterator<Item = (&'a dyn Policy, &'a Note, Option<&'a Bytes>)> {
        self.interested_in_response(pending).filter_map(|it| {
            let policy = &**self.policies.get(it.policy)?;
            Some(match pending.kept(it.policy) {
                Some(kept) => (policy, &kept.note, kept.request.as_ref()),
                None => (policy, &pending.nothing, None),
            })
        })
    }

    fn interested_in_response<'a>(&'a self, pending: &'a Pending) -> impl DoubleEndedIterator<Item = &'a Interested> {
        let interested = self.served.interested(pending.api.key, pending.version);
        let seen = |it: &&Interested| it.response && pending.seen.contains(&it.policy);
        interested.unwrap_or_default().iter().filter(seen)
    }

    /// Whether it is plain to see that there is nothing in a response for the policies.
    pub(super) fn has_nothing_for_policies(&self, pending: &Pending, response: &mut Response) -> bool {
        if !pending.kept.iter().all(|kept| kept.note.is_nothing()) {
            return false;
        }
        let add = |kinds: EntitySet, it: &Interested| Some(kinds.union(it.looks_for?));
        let kinds = self.interested_in_response(pending).try_fold(EntitySet::EMPTY, add);
        kinds.is_some_and(|kinds| {
            let message = &pending.api.response;
            kinds.is_empty() || says_nothing_of(kinds, message, pending.version, &response.body_bytes())
        })
    }
}

#[cfg(test)]
mod tests {
    use keg_codec::header::request_head;
    use keg_codec::message::{Struct, Value};
    use keg_codec::schema::Entity;

    use super::*;
    use crate::BrokerAddresses;
    use crate::connection::Connection;
    use crate::message::{Reply, Streams};
    use crate::policy::{Answer, Decision, Interest, Outcome, Withheld};

    /// Looks for some kinds of values, and withholds what it is shown.
    #[derive(Debug)]
    struct Looks {
        kinds: Option<EntitySet>,
        notes: bool,
    }

    impl Policy for Looks {
        fn name(&self) -> &str {
            "looks"
        }

        fn interest(&self, _: &Api, _: i16) -> Interest {
            Interest::Both
        }

        fn looks_for(&self, _: &Api, _: i16) -> Option<EntitySet> {
            self.kinds
        }

        fn request(&self, _: &Connection, _: &mut Request) -> Decision {
            Decision::Forward(if self.notes { Note::new(()) } else { Note::default() })
        }

        fn response(&self, _: &Connection, _: Answer<'_>) -> Result<(), Withheld> {
            Err(Withheld::new("it was shown"))
        }
    }

    /// Whether a policy sees the response to a Produce request, of one topic.
    fn is_shown(looks: Looks, version: i16, change: impl FnOnce(&mut Struct)) -> bool {
        let chain = Chain::new(vec![Arc::new(BrokerAddresses), Arc::new(looks)]);
        let connection = crate::testing::connection();
        let api = Api::of(ApiKey::PRODUCE).unwrap();
        let body = |mut fields: Struct, array| {
            let topic = fields.nested(array, version).unwrap();
            fields.set(array, Value::Array(vec![Value::Struct(topic)]));
            fields
        };
        let mut request = Request {
            api,
            version,
            correlation_id: 1,
            head: request_head(api, version, b"me"),
            body: Bytes::from(
                body(Struct::new(api.request.fields, version), "TopicData")
                    .write(&api.request, version)
                    .unwrap(),
            )
            .into(),
            rest: None,
            streams: Streams::Unseen,
        };
        let Outcome::Forward(pending) = chain.request(&connection, &mut request) else {
            panic!("it goes on");
        };
        let mut response = body(Struct::new(api.response.fields, version), "Responses");
        change(&mut response);
        let response = Response::local(api, version, response.write(&api.response, version).unwrap());
        match chain.response(&connection, pending, Reply::Response(response.clone())) {
            Outcome::Reply(reply) => {
                assert_eq!(reply, Reply::Response(response));
                false
            }
            Outcome::Close(_) => true,
            outcome => panic!("{outcome:?}"),
        }
    }

    #[test]
    fn a_response_without_what_policies_look_for_is_shown_to_none() {
        let check = |kinds: Option<&[Entity]>, notes, version, expected| {
            let kinds = kinds.map(EntitySet::of);
            let shown = is_shown(Looks { kinds, notes }, version, |_| {});
            assert_eq!(shown, expected, "{kinds:?} {notes} {version}");
        };
        check(None, false, 13, true);
        check(Some(&[]), false, 13, false);
        check(Some(&[Entity::TopicName]), false, 13, false);
        check(Some(&[Entity::TopicName]), false, 12, true);
        check(Some(&[Entity::TopicId]), false, 13, true);
        // What was noted may be a reason to do something with any response.
        check(Some(&[Entity::TopicName]), true, 13, true);
    }

    #[test]
    fn a_response_with_tagged_fields_or_with_what_another_policy_looks_for_is_shown() {
        let kinds = Some(EntitySet::of(&[Entity::TopicName]));
        let looks = || Looks { kinds, notes: false };
        let set_node = |response: &mut Struct| {
            let node = response.nested("NodeEndpoints", 13).unwrap();
            response.set("NodeEndpoints", Value::Array(vec![Value::Struct(node)]));
        };
        assert!(is_shown(looks(), 13, set_node));
        let set_text = |response: &mut Struct| {
            for topic in response.elements_mut("Responses") {
                let mut partition = topic.nested("PartitionResponses", 13).unwrap();
                partition.set("ErrorMessage", Value::text("of 10.0.0.1"));
                topic.set("PartitionResponses", Value::Array(vec![Value::Struct(partition)]));
            }
        };
        assert!(is_shown(looks(), 13, set_text));
    }
}
