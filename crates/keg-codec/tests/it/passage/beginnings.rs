//! What strings begin with, which is left out or has to be there.

use std::sync::Arc;

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{EntitySet, Type};
use keg_codec::walk::{Passage, WalkError};
use keg_codec::{Api, ApiKey, Entity};

use super::{ADDRESSES, passed, take};
use crate::support::{Case, Choices, every_message, for_messages};

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
