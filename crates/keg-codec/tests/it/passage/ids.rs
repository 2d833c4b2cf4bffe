//! Ids that become others on their way.

use std::sync::{Arc, Mutex};

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{EntitySet, Field};
use keg_codec::walk::{PassIds, Passage, UuidEdit, Visitor, walk};
use keg_codec::{Api, ApiKey, Entity};

use super::{all, passed};
use crate::support::{Case, every_message, for_messages, generate};

/// Turns the bits of ids around, and keeps what they were.
#[derive(Debug, Default)]
struct Turns(Mutex<Vec<[u8; 16]>>);

impl PassIds for Turns {
    fn pass(&self, id: &[u8; 16]) -> [u8; 16] {
        self.0.lock().unwrap().push(*id);
        id.map(|byte| !byte)
    }
}

impl Visitor for &Turns {
    fn interest(&self) -> EntitySet {
        EntitySet::of(&[Entity::TopicId])
    }

    fn uuid(&mut self, _: &'static Field, id: &[u8; 16]) -> UuidEdit {
        UuidEdit::Set(self.pass(id))
    }
}

#[test]
fn ids_become_others_however_they_come_and_are_asked_for_once_in_their_order() {
    let has_ids = |case: &Case| case.everything().contains(Entity::TopicId);
    for_messages(every_message().filter(has_ids), |case, choices| {
        let (message, version) = (case.message, case.version);
        let body = generate::message(case, choices).write(message, version).unwrap();
        let (walked, turned) = (Turns::default(), Arc::new(Turns::default()));
        let edits = walk(message, version, &body, &mut &walked).unwrap();
        let expected = edits.apply(&body.clone().into()).into_bytes();
        let passage = Passage::new(message, version, body.len(), EntitySet::EMPTY).unwrap();
        let passage = passage.with_ids(Entity::TopicId, Arc::clone(&turned) as _).unwrap();
        assert_eq!(passed(passage, &body, choices).unwrap(), expected);
        assert_eq!(*turned.0.lock().unwrap(), *walked.0.lock().unwrap());
    });
}

#[test]
fn only_ids_of_the_kind_and_behind_what_has_passed_become_others() {
    let api = Api::of(ApiKey::FETCH).unwrap();
    let with_ids = |ids: [[u8; 16]; 2]| {
        let mut request = Struct::new(api.request.fields, 13);
        let topics = ids.map(|id| {
            let mut topic = request.nested("Topics", 13).unwrap();
            topic.set("TopicId", Value::Uuid(id));
            Value::Struct(topic)
        });
        request.set("Topics", Value::Array(topics.to_vec()));
        request.write(&api.request, 13).unwrap()
    };
    let check = |entity, before: usize, expected: Option<[u8; 2]>| {
        let mut body = with_ids([[1; 16], [2; 16]]);
        let mut passage = Passage::new(&api.request, 13, body.len(), EntitySet::EMPTY).unwrap();
        let (head, rest) = body.split_at_mut(before);
        if before > 0 {
            assert_eq!(passage.pass(head), all(before));
        }
        let passage = passage.with_ids(entity, Arc::new(Turns::default()));
        let passed = passage.map(|mut passage| passage.pass(rest));
        assert_eq!(passed, expected.map(|_| all(rest.len())));
        if let Some(ids) = expected {
            assert_eq!(body, with_ids(ids.map(|id| [id; 16])));
        }
    };
    let body = with_ids([[1; 16], [2; 16]]);
    let first = body.windows(16).position(|bytes| bytes == [1; 16]).unwrap();
    check(Entity::TopicName, 0, Some([1, 2]));
    check(Entity::TopicId, 0, Some([0xfe, 0xfd]));
    check(Entity::TopicId, first + 16, Some([1, 0xfd]));
    // It is on its way.
    check(Entity::TopicId, first, None);
    check(Entity::TopicId, first + 15, None);
}
