//! Produce requests, which come most often, and mostly have one topic that may be written to.

use std::cell::Cell;

use keg_codec::schema::Entity;
use keg_codec::walk::says_only_what_is_fine;
use keg_codec::{ApiKey, ErrorCode, is_transactional};

use super::client::Client;
use super::inbound::{Asked, Inbound, NAMED};
use super::operation::ResourceType;
use super::{Acls, needs};
use crate::message::Request;

impl Acls {
    /// Whether it is plain to see that a Produce request goes on as it is: it has one topic, of which the name is known and which
    /// may be written to, and nothing of a transaction. That is told then.
    ///
    /// Of all others nothing is told, and they are to be looked at as any request is.
    pub(super) fn plainly_admits(&self, client: &Client<'_>, request: &Request) -> bool {
        let (ApiKey::PRODUCE, [body]) = (request.api.key, request.body.pieces()) else {
            return false;
        };
        let topic = Cell::new(None);
        let message = &request.api.request;
        let is_plain = says_only_what_is_fine(NAMED, message, request.version, body, |field, value| {
            match field.entity {
                Entity::TopicId | Entity::TopicName => topic.replace(Some((field.entity, value))).is_none(),
                Entity::Records => !is_transactional(value),
                // A transactional id.
                _ => false,
            }
        });
        if !is_plain {
            return false;
        }
        let may_write = |name: &[u8]| {
            let operation = needs::topic(ApiKey::PRODUCE);
            operation.is_some_and(|operation| client.may_or_is_asked_again(operation, ResourceType::Topic, name))
        };
        match topic.get() {
            Some((Entity::TopicName, name)) => may_write(name),
            Some((_, id)) => {
                let name = id.first_chunk().and_then(|id| self.topic_names.name(id));
                name.is_some_and(|name| may_write(&name))
            }
            None => false,
        }
    }

    /// Whether a Produce request goes on whatever its partitions are. `request` has none; nothing of this is told.
    pub(super) fn admits_head(&self, client: &Client<'_>, request: &Request) -> bool {
        let (api, version) = (request.api, request.version);
        let body = request.body.clone().into_bytes();
        let asked = Asked {
            refused: None,
            client,
            names: &self.topic_names,
            api,
            version,
            body: &body,
            coordinator_type: 0,
            existing: None,
            beside: None,
            by_id: false,
            settled: None,
        };
        Inbound::admits_without_records(asked).unwrap_or(false)
    }

    /// Whether a topic may be written to, of which only the id is known. That is told.
    pub(super) fn admits_topic(&self, client: &Client<'_>, id: &[u8; 16]) -> Result<(), ErrorCode> {
        let name = self.topic_names.name(id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?;
        Self::admits_name(client, &name)
    }

    /// Whether a topic may be written to. That is told.
    pub(super) fn admits_name(client: &Client<'_>, name: &[u8]) -> Result<(), ErrorCode> {
        match needs::topic(ApiKey::PRODUCE) {
            Some(operation) if !client.may(operation, ResourceType::Topic, name) => {
                Err(needs::denied(ResourceType::Topic))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;

    use super::*;
    use crate::acl::request::Progress;
    use crate::acl::{
        AclAction, AclDecision, AclNames, AclObserver, AclPolicy, AclRule, NamePattern, Operation, Operations,
    };
    use crate::connection::Connection;
    use crate::policy::{Decision, Policy};
    use crate::testing::{TOPICS, connection, id, produce};

    /// What was decided, by the operation, the topic, and whether it may be done.
    #[derive(Debug, Default)]
    struct Told(Mutex<Vec<(Operation, String, bool)>>);

    impl AclObserver for Told {
        fn decided(&self, _: &Connection, decision: &AclDecision<'_>) {
            let told = (decision.operation, decision.resource_name.to_owned(), decision.allowed);
            self.0.lock().unwrap().push(told);
        }
    }

    /// Rules by which two topics may be written to, with the names of some ids.
    fn acls(known: &[usize]) -> (Acls, Arc<Told>) {
        let rule = |action, name| AclRule {
            resource_type: ResourceType::Topic,
            action,
            operations: Operations::of(&[Operation::Write]),
            names: AclNames::Patterns(vec![NamePattern::new(name).unwrap()]),
        };
        let rules = vec![rule(AclAction::Allow, "orders"), rule(AclAction::Allow, "audit*")];
        let told = Arc::new(Told::default());
        let acls = Acls::new(vec![AclPolicy {
            name: "rules".into(),
            condition: None,
            rules,
        }]);
        let names: Vec<_> = known.iter().map(|topic| (id(*topic), TOPICS[*topic])).collect();
        acls.topic_names
            .learn(names.iter().map(|(id, name)| (id, name.as_bytes())));
        (acls.with_observer(Arc::clone(&told) as _), told)
    }

    proptest! {
        #[test]
        fn what_is_plainly_admitted_goes_on_and_is_told_as_if_all_of_it_was_looked_at(
            mut request in produce(),
            known in prop::sample::subsequence(&[0, 1, 2, 3], 0..=4),
        ) {
            let ((quick, told), (slow, told_slowly)) = (acls(&known), acls(&known));
            let connection = connection();
            let mut same = request.clone();
            let before = request.body.clone();
            if quick.plainly_admits(&quick.client(&connection), &request) {
                let decision = slow.go_on(&slow.client(&connection), &mut same, &Progress::default());
                prop_assert!(matches!(decision, Decision::Forward(note) if note.is_nothing()));
                prop_assert_eq!(&same.body, &before);
            } else {
                prop_assert!(told.0.lock().unwrap().is_empty());
                let decision = quick.request(&connection, &mut request);
                same.cut_off_trailing_bytes();
                let expected = slow.go_on(&slow.client(&connection), &mut same, &Progress::default());
                prop_assert_eq!(std::mem::discriminant(&decision), std::mem::discriminant(&expected));
                prop_assert_eq!(&request.body, &same.body);
            }
            prop_assert_eq!(&*told.0.lock().unwrap(), &*told_slowly.0.lock().unwrap());
        }
    }

    #[test]
    fn ordinary_requests_are_plainly_admitted_and_what_is_not_allowed_or_of_a_transaction_is_not() {
        let (acls, told) = acls(&[0, 1, 2]);
        let connection = connection();
        let check = |version, topic, batch, transactional, expected| {
            let request = crate::testing::request(version, &[(topic, vec![Some(batch)])], transactional, 0, false);
            let admits = acls.plainly_admits(&acls.client(&connection), &request);
            assert_eq!(admits, expected, "{version} {topic} {batch} {transactional}");
            let told = std::mem::take(&mut *told.0.lock().unwrap());
            let expected = expected.then(|| (Operation::Write, TOPICS[topic].to_owned(), true));
            assert_eq!(told, Vec::from_iter(expected));
        };
        check(13, 0, false, false, true);
        check(12, 1, false, false, true);
        check(3, 0, false, false, true);
        check(13, 2, false, false, false);
        check(12, 2, false, false, false);
        check(13, 3, false, false, false);
        check(13, 0, true, false, false);
        check(13, 0, false, true, false);
    }
}
