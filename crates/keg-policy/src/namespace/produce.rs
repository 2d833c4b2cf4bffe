//! Produce requests, which come most often, and name topics by ids that stay as they are.

use keg_codec::schema::Entity;
use keg_codec::walk::says_only_what_is_fine;
use keg_codec::{ApiKey, ProduceHead};

use super::{Namespace, inbound};
use crate::message::Request;

impl Namespace {
    /// Whether it is plain to see that a Produce request goes on as it is: all its topics have ids that are known to be the
    /// namespace's, and it has no transactional id, which would become another one.
    pub(super) fn plainly_admits(&self, request: &Request) -> bool {
        let (key, version) = (request.api.key, request.version);
        let [body] = request.body.pieces() else { return false };
        if key != ApiKey::PRODUCE || ProduceHead::has_names(version) {
            return false;
        }
        says_only_what_is_fine(
            inbound::INTEREST,
            &request.api.request,
            version,
            body,
            |field, value| {
                let id = value.first_chunk().filter(|_| field.entity == Entity::TopicId);
                id.is_some_and(|id| self.denied_id(key, id).is_none())
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::namespace::Mode;
    use crate::policy::{Decision, Policy};
    use crate::testing::{connection, id, produce, request};

    /// A namespace that knows these topics by their ids, of which the second is not its own.
    fn namespace(known: &[usize]) -> Namespace {
        let namespace = Namespace::new(Mode::HidePrefix, "team-");
        let known: Vec<_> = known.iter().map(|topic| (id(*topic), *topic == 1)).collect();
        namespace.topic_ids.learn(&known);
        namespace
    }

    proptest! {
        #[test]
        fn what_is_plainly_admitted_goes_on_as_if_all_of_it_was_looked_at(
            mut request in produce(),
            known in prop::sample::subsequence(&[0, 1, 2, 3], 0..=4),
        ) {
            let (namespace, connection) = (namespace(&known), connection());
            let before = request.body.clone();
            if namespace.plainly_admits(&request) {
                let decision = namespace.decide(&connection, &mut request, true);
                prop_assert!(matches!(decision, Decision::Forward(note) if note.is_nothing()));
                prop_assert_eq!(&request.body, &before);
            } else {
                let mut same = request.clone();
                let decision = namespace.request(&connection, &mut request);
                let expected = namespace.decide(&connection, &mut same, true);
                prop_assert_eq!(std::mem::discriminant(&decision), std::mem::discriminant(&expected));
                prop_assert_eq!(&request.body, &same.body);
            }
        }
    }

    #[test]
    fn known_ids_are_plainly_admitted_and_names_unknown_ids_and_transactional_ids_are_not() {
        let namespace = namespace(&[0, 1]);
        let check = |version, topics: &[usize], transactional, expected| {
            let topics: Vec<_> = topics.iter().map(|topic| (*topic, vec![Some(false)])).collect();
            let request = request(version, &topics, transactional, 0, false);
            assert_eq!(
                namespace.plainly_admits(&request),
                expected,
                "{version} {topics:?} {transactional}"
            );
        };
        check(13, &[0], false, true);
        check(13, &[0, 1, 0], false, true);
        check(13, &[0, 2], false, false);
        check(13, &[3], false, false);
        check(13, &[0], true, false);
        check(12, &[0], false, false);
    }
}
