//! Messages that go on while they still arrive.

mod beginnings;
mod ids;
mod strings;

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{EntitySet, Field, Type};
use keg_codec::walk::{Passage, Passed, WalkError, check};
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
        out.extend(passage.instead());
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

#[test]
fn the_longest_records_are_told_once_whether_they_pass_in_steps_or_in_one_go() {
    let body = produce(&[7; 60]);
    for size in [1, 20, 40, body.len()] {
        let mut passage = produced(&body);
        let (mut out, mut waiting, mut longest) = (Vec::new(), Vec::new(), 0);
        for piece in body.chunks(size) {
            waiting.extend_from_slice(piece);
            take(&mut passage, &mut waiting, &mut out).unwrap();
            longest = longest.max(passage.take_longest_unread());
        }
        assert_eq!((longest, passage.take_longest_unread()), (60, 0), "pieces of {size}");
    }
}
