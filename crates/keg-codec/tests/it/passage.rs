//! Messages that go on while they still arrive.

use std::sync::{Arc, Mutex};

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{EntitySet, Field, Type};
use keg_codec::walk::{PassIds, Passage, Passed, UuidEdit, Visitor, WalkError, check, walk};
use keg_codec::{Api, ApiKey, Entity};

use crate::support::mutate::mutate;
use crate::support::{Case, Choices, every_message, for_every_message, for_messages, generate};

const ADDRESSES: EntitySet = EntitySet::of(&[Entity::BrokerHost, Entity::BrokerPort]);

/// What became of bytes that all go on.
fn all(count: usize) -> Result<Passed, WalkError> {
    Ok(Passed { count, left_out: 0 })
}

/// Takes what can go on, and how much of what waits can't now.
fn take(passage: &mut Passage, waiting: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<usize, WalkError> {
    let mut taken = 0;
    loop {
        let Passed { count, left_out } = passage.pass(waiting)?;
        out.extend(waiting.drain(..count));
        waiting.drain(..left_out);
        taken += count + left_out;
        if left_out == 0 {
            assert!(
                waiting.len() <= Passage::HELD_BACK,
                "{} bytes are held back",
                waiting.len()
            );
            return Ok(taken);
        }
    }
}

/// Lets a message pass in pieces as they come, and gives what came out.
fn passed(mut passage: Passage, body: &[u8], choices: &mut Choices<'_>) -> Result<Vec<u8>, WalkError> {
    let (mut out, mut waiting, mut rest) = (Vec::new(), Vec::new(), body);
    let mut all = 0;
    loop {
        if waiting.is_empty() {
            // What nobody looks at need not be here.
            let count = choices.below(passage.unread().min(rest.len()) + 1);
            let (unread, behind) = rest.split_at(count);
            assert!(count <= passage.take_longest_unread());
            passage.pass_unread(count);
            out.extend(unread);
            (rest, all) = (behind, all + count);
        }
        let (next, behind) = rest.split_at(rest.len().min(choices.below(40)));
        waiting.extend_from_slice(next);
        // What is there at the end comes at once.
        if choices.is_empty() {
            waiting.extend_from_slice(behind);
            rest = &[];
        } else {
            rest = behind;
        }
        let taken = take(&mut passage, &mut waiting, &mut out)?;
        all += taken;
        assert_eq!(passage.left(), body.len() - all);
        if rest.is_empty() && (passage.left() == 0 || taken == 0) {
            assert_eq!(passage.left(), 0, "it waits for more than there is");
            return Ok(out);
        }
    }
}

#[test]
fn what_hides_nothing_passes_byte_for_byte_however_it_comes() {
    for_every_message(|case, choices| {
        let (message, version) = (case.message, case.version);
        let body = generate::message(case, choices).write(message, version).unwrap();
        let passage = Passage::new(message, version, body.len(), EntitySet::EMPTY).unwrap();
        assert_eq!(passed(passage, &body, choices).unwrap(), body);
    });
}

#[test]
fn what_a_walk_refuses_does_not_pass() {
    for_every_message(|case, choices| {
        let (message, version) = (case.message, case.version);
        let mut body = generate::message(case, choices).write(message, version).unwrap();
        mutate(&mut body, choices);
        let passage = Passage::new(message, version, body.len(), EntitySet::EMPTY).unwrap();
        let outcome = passed(passage, &body, choices);
        assert_eq!(
            outcome.is_ok(),
            check(message, version, &body).is_ok(),
            "{outcome:?} of {body:?}"
        );
        if let Ok(out) = outcome {
            check(message, version, &out).unwrap();
        }
    });
}

/// Sets the tagged fields that hold addresses to what they are without being sent.
fn forget(fields: &mut Struct, version: i16) {
    let empty = Struct::new(fields.table(), version);
    for ((field, value), (_, default)) in fields.iter_mut().zip(empty.iter()) {
        if field.is_tagged(version) && holds_address(field, version) {
            *value = default.clone();
            continue;
        }
        match value {
            Value::Struct(nested) => forget(nested, version),
            Value::Array(elements) => elements.iter_mut().for_each(|element| {
                if let Value::Struct(nested) = element {
                    forget(nested, version);
                }
            }),
            _ => {}
        }
    }
}

fn holds_address(field: &Field, version: i16) -> bool {
    match field.ty {
        Type::Struct(nested) => nested
            .iter()
            .any(|field| field.versions.contains(version) && holds_address(field, version)),
        _ => ADDRESSES.contains(field.entity),
    }
}

#[test]
fn tagged_fields_with_what_is_hidden_are_as_if_they_had_not_been_sent() {
    let can = |case: &Case| Passage::new(case.message, case.version, 0, ADDRESSES).is_some();
    for_messages(every_message().filter(can), |case, choices| {
        let (message, version) = (case.message, case.version);
        let mut value = generate::message(case, choices);
        let body = value.write(message, version).unwrap();
        let passage = Passage::new(message, version, body.len(), ADDRESSES).unwrap();
        let out = passed(passage, &body, choices).unwrap();
        assert_eq!(out.len(), body.len());
        let seen = Struct::read(message, version, &out).unwrap();
        forget(&mut value, version);
        assert_eq!(
            seen,
            Struct::read(message, version, &value.write(message, version).unwrap()).unwrap()
        );
    });
    let hides = |case: &Case| case.everything().intersects(ADDRESSES);
    assert!(every_message().filter(can).any(|case| hides(&case)));
}

fn fetch_with_hint(version: i16) -> Struct {
    let mut response = Struct::new(Api::of(ApiKey::FETCH).unwrap().response.fields, version);
    let (field, hints) = response
        .iter_mut()
        .find(|(field, _)| field.name == "NodeEndpoints")
        .unwrap();
    let Type::Struct(table) = field.ty else {
        panic!("hints are structures");
    };
    let mut hint = Struct::new(table, version);
    hint.set("Host", Value::text("kafka-1.internal"));
    hint.set("Port", Value::Integer(9092));
    *hints = Value::Array(vec![Value::Struct(hint)]);
    response
}

#[test]
fn hints_about_nodes_get_a_tag_that_nobody_knows_and_zeros() {
    let api = Api::of(ApiKey::FETCH).unwrap();
    let mut body = fetch_with_hint(16).write(&api.response, 16).unwrap();
    let mut passage = Passage::new(&api.response, 16, body.len(), ADDRESSES).unwrap();
    assert_eq!(passage.pass(&mut body), all(body.len()));
    // No throttling, no error, no session, no topics; one tagged field: 127, of 28 bytes.
    let mut expected = vec![0; 10];
    expected.extend([1, 1, 127, 28]);
    expected.extend([0; 28]);
    assert_eq!(body, expected);
}

#[test]
fn a_message_whose_addresses_stand_in_plain_fields_can_not_pass() {
    let metadata = Api::of(ApiKey::METADATA).unwrap();
    assert!(Passage::new(&metadata.response, 12, 100, ADDRESSES).is_none());
    assert!(Passage::new(&metadata.request, 12, 100, ADDRESSES).is_some());
}

#[test]
fn tagged_fields_that_nobody_knows_pass_as_zeros() {
    let api = Api::of(ApiKey::FETCH).unwrap();
    let mut body = vec![0; 10];
    body.extend([1, 2, 0x7e, 3, b'a', b'b', b'c', 0x7f, 1, b'd']);
    let mut expected = body.clone();
    for at in [14, 15, 16, 19] {
        expected[at] = 0;
    }
    let mut passage = Passage::new(&api.response, 16, body.len(), ADDRESSES).unwrap();
    assert_eq!(passage.pass(&mut body), all(20));
    assert_eq!(body, expected);
}

#[test]
fn what_is_behind_the_last_field_does_not_pass() {
    let api = Api::of(ApiKey::FETCH).unwrap();
    let mut body = Struct::new(api.response.fields, 12).write(&api.response, 12).unwrap();
    body.push(0);
    let mut passage = Passage::new(&api.response, 12, body.len(), ADDRESSES).unwrap();
    assert_eq!(passage.pass(&mut body), Err(WalkError::TrailingBytes { count: 1 }));
}

/// A Produce request with two partitions, of which the second has these records.
fn produce(records: &[u8]) -> Vec<u8> {
    let mut body = b"\0\xff\xff\0\0\0\x09\x02\x03ab\x03\0\0\0\0".to_vec();
    body.extend([31]);
    body.extend([0; 30]);
    body.extend([0, 0, 0, 0, 1]);
    body.push(u8::try_from(records.len() + 1).unwrap());
    body.extend(records);
    body.extend([0, 0, 0]);
    body
}

fn produced(body: &[u8]) -> Passage {
    let request = &Api::of(ApiKey::PRODUCE).unwrap().request;
    Passage::new(request, 9, body.len(), EntitySet::EMPTY).unwrap()
}

#[test]
fn tagged_fields_that_nobody_knows_do_not_pass_where_they_must_not() {
    let mut body = produce(&[0; 30]);
    body.splice(body.len() - 1.., [1, 5, 1, 9]);
    for mut known in [body.clone(), produce(&[0; 30])] {
        let mut passage = produced(&known).without_unknown_tags();
        let expected = if known == body {
            Err(WalkError::UnknownTag { tag: 5 })
        } else {
            all(known.len())
        };
        assert_eq!(passage.pass(&mut known), expected);
    }
}

#[test]
fn batches_of_a_transaction_do_not_pass_where_they_must_not_however_they_come() {
    let mut batch = [0; 30];
    (batch[16], batch[22]) = (2, 0x10);
    let plain = {
        let mut batch = batch;
        batch[22] = 0x0f;
        batch
    };
    let check = |records: &[u8], transactional: bool| {
        let body = produce(records);
        for size in 1..=body.len() {
            let mut out = Vec::new();
            let mut passage = produced(&body).without_transactions();
            let mut waiting = Vec::new();
            let mut outcome = Ok(0);
            for piece in body.chunks(size) {
                waiting.extend_from_slice(piece);
                outcome = take(&mut passage, &mut waiting, &mut out);
                if outcome.is_err() {
                    break;
                }
            }
            if transactional {
                assert_eq!(outcome, Err(WalkError::Refused { field: "Records" }));
                assert!(!out.ends_with(&records[..17]), "the batch is on its way");
            } else {
                assert_eq!((outcome.is_ok(), &out), (true, &body));
            }
        }
        assert_eq!(produced(&body).pass(&mut body.clone()), all(body.len()));
    };
    check(&batch, true);
    check(&batch[..23], true);
    check(&batch[..22], false);
    check(&plain, false);
    check(&[], false);
}

/// A Fetch response of these topics, each with a partition.
fn fetched(version: i16, topics: &[impl AsRef<str>]) -> Vec<u8> {
    let api = Api::of(ApiKey::FETCH).unwrap();
    let mut response = Struct::new(api.response.fields, version);
    let field = |name| api.response.fields.iter().find(|field| field.name == name).unwrap();
    let Type::Struct(fields) = field("Responses").ty else {
        panic!("topics have fields")
    };
    let partitions = fields.iter().find(|field| field.name == "Partitions").unwrap();
    let Type::Struct(partition) = partitions.ty else {
        panic!("partitions have fields")
    };
    let topics = topics.iter().map(|name| {
        let mut topic = Struct::new(fields, version);
        topic.set("Topic", Value::text(name.as_ref()));
        let mut partition = Struct::new(partition, version);
        partition.set("Records", Value::Bytes(vec![7; 60]));
        topic.set("Partitions", Value::Array(vec![Value::Struct(partition)]));
        Value::Struct(topic)
    });
    response.set("Responses", Value::Array(topics.collect()));
    response.write(&api.response, version).unwrap()
}

fn beginning(version: i16, body: &[u8], with: &str, left_out: Option<usize>) -> Passage {
    let response = &Api::of(ApiKey::FETCH).unwrap().response;
    let passage = Passage::new(response, version, body.len(), ADDRESSES).unwrap();
    passage
        .beginning_with(Entity::TopicName, with.as_bytes().into(), left_out)
        .unwrap()
}

#[test]
fn what_names_begin_with_is_left_out_however_they_come() {
    let by_name = |case: &Case| case.message.name == "FetchResponse" && case.version <= 12;
    for_messages(every_message().filter(by_name), |case, choices| {
        let version = case.version;
        let prefix = "p".repeat(1 + choices.below(255));
        let names: Vec<String> = (0..choices.below(4)).map(|_| "n".repeat(choices.below(140))).collect();
        let prefixed: Vec<String> = names.iter().map(|name| format!("{prefix}{name}")).collect();
        let (bare, whole) = (fetched(version, &names), fetched(version, &prefixed));
        let kept = passed(beginning(version, &whole, &prefix, None), &whole, choices);
        assert_eq!(kept.as_ref(), Ok(&whole));
        let count = names.len();
        let out = passed(beginning(version, &whole, &prefix, Some(count)), &whole, choices).unwrap();
        assert_eq!(out.len(), whole.len() - count * prefix.len());
        // A varint may be wider than it has to be.
        let read = |body: &[u8]| Struct::read(case.message, version, body).unwrap();
        assert_eq!(read(&out), read(&bare));
    });
}

#[test]
fn names_that_begin_with_something_else_do_not_pass() {
    for version in [4, 11, 12] {
        for foreign in ["team-b.x", "team-a", "", "eam-a.x"] {
            let body = fetched(version, &["team-a.orders", foreign]);
            for left_out in [None, Some(2)] {
                let passage = beginning(version, &body, "team-a.", left_out);
                let outcome = passed(passage, &body, &mut Choices::new(&[]));
                assert_eq!(outcome, Err(WalkError::Refused { field: "Topic" }), "{foreign}");
            }
        }
    }
}

#[test]
fn never_more_comes_out_than_was_told_whatever_the_number_of_names_is() {
    let names = ["team-a.orders", "team-a.bills"];
    for version in [4, 11, 12] {
        let body = fetched(version, &names);
        for count in [0, 1, 3, 10, 30] {
            let told = body.len() - count * "team-a.".len();
            for size in [1, 7, 50, body.len()] {
                let mut passage = beginning(version, &body, "team-a.", Some(count));
                let (mut out, mut waiting) = (Vec::new(), Vec::new());
                let failed = body.chunks(size).any(|piece| {
                    waiting.extend_from_slice(piece);
                    take(&mut passage, &mut waiting, &mut out).is_err()
                });
                assert!(failed, "{count} names, and it passes");
                assert!(out.len() <= told, "{} bytes instead of {told}", out.len());
            }
        }
        let api = Api::of(ApiKey::FETCH).unwrap();
        let passage = Passage::new(&api.response, version, body.len(), ADDRESSES).unwrap();
        let with: Arc<[u8]> = (*b"team-a.").into();
        for count in [1 + body.len() / with.len(), usize::MAX] {
            let passage = passage.clone();
            assert!(
                passage
                    .beginning_with(Entity::TopicName, with.clone(), Some(count))
                    .is_none()
            );
        }
    }
}

#[test]
fn nothing_is_left_out_of_a_tagged_field_nor_a_beginning_that_is_longer_than_names_are() {
    let fetch = Api::of(ApiKey::FETCH).unwrap();
    let passage = || Passage::new(&fetch.response, 16, 100, EntitySet::EMPTY).unwrap();
    assert!(
        passage()
            .beginning_with(Entity::BrokerHost, (*b"x").into(), Some(1))
            .is_none()
    );
    assert!(
        passage()
            .beginning_with(Entity::TopicName, [7; 255].into(), None)
            .is_some()
    );
    assert!(
        passage()
            .beginning_with(Entity::TopicName, [7; 256].into(), None)
            .is_none()
    );
}

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
