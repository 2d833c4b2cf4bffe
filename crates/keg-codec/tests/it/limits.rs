//! Edits that a message can't take, and tags that the tables don't know.

use std::borrow::Cow;

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{Edit, IntegerEdit, Verdict, Visitor, WalkError, walk};
use keg_codec::{Api, ApiKey};

/// Does the same to every topic name and coordinator key.
struct Do<F>(F);

impl<F: Fn() -> Edit<'static>> Visitor for Do<F> {
    fn interest(&self) -> EntitySet {
        EntitySet::of(&[Entity::TopicName, Entity::CoordinatorKey])
    }

    fn string(&mut self, _: &'static Field, _: Option<&[u8]>) -> Edit<'_> {
        (self.0)()
    }
}

fn metadata(topic: &str, version: i16) -> Bytes {
    let api = Api::of(ApiKey::METADATA).unwrap();
    let mut request = Struct::new(api.request.fields, version);
    let topics = request.iter_mut().next().unwrap();
    let keg_codec::schema::Type::Struct(table) = topics.0.ty else {
        panic!("topics are structures");
    };
    let mut element = Struct::new(table, version);
    element.set("Name", Value::text(topic));
    *topics.1 = Value::Array(vec![Value::Struct(element)]);
    request.write(&api.request, version).unwrap().into()
}

fn edited(version: i16, edit: impl Fn() -> Edit<'static>) -> Result<Bytes, WalkError> {
    let body = metadata("orders", version);
    let api = Api::of(ApiKey::METADATA).unwrap();
    walk(&api.request, version, &body, &mut Do(edit)).map(|edits| edits.apply(&body).into_bytes())
}

#[test]
fn a_string_longer_than_its_length_field_is_refused() {
    let long = || Edit::Replace(Cow::Owned(vec![b'x'; 40_000]));
    assert_eq!(edited(4, long), Err(WalkError::TooLong { length: 40_000 }));
    assert_eq!(edited(9, long).unwrap(), metadata(&"x".repeat(40_000), 9));
}

#[test]
fn null_where_the_version_has_none_is_refused() {
    assert_eq!(edited(9, || Edit::Null), Err(WalkError::Null { field: "Name" }));
    assert!(edited(10, || Edit::Null).is_ok());
}

#[test]
fn a_refusal_names_the_field() {
    assert_eq!(edited(9, || Edit::Refuse), Err(WalkError::Refused { field: "Name" }));
}

#[test]
fn what_is_not_in_an_array_can_not_be_dropped() {
    let api = Api::of(ApiKey::FIND_COORDINATOR).unwrap();
    let outcome = walk(&api.request, 0, &[0, 1, b'g'], &mut Do(|| Edit::Drop));
    assert_eq!(outcome, Err(WalkError::NotInArray { field: "Key" }));
}

#[test]
fn stripping_more_than_there_is_leaves_an_empty_string() {
    assert_eq!(edited(9, || Edit::Strip(100)).unwrap(), metadata("", 9));
}

/// Tag 7 of size 2 behind the topic, where the tables know no tag.
fn with_unknown_tag() -> Vec<u8> {
    let plain = metadata("orders", 9);
    let at = plain.len() - 5;
    assert_eq!(plain[at], 0, "the topic's tagged section is empty");
    [&plain[..at], &[1, 7, 2, 0xaa, 0xbb], &plain[at + 1..]].concat()
}

#[test]
fn unknown_tags_are_kept_beside_edits() {
    let body = Bytes::from(with_unknown_tag());
    let api = Api::of(ApiKey::METADATA).unwrap();
    let edits = walk(&api.request, 9, &body, &mut Do(|| Edit::Prepend(b"a-"))).unwrap();
    let out = edits.apply(&body).into_bytes();
    assert_eq!(out.len(), body.len() + 2);
    assert!(out.windows(5).any(|bytes| bytes == [1, 7, 2, 0xaa, 0xbb]));
}

struct Strict;

impl Visitor for Strict {
    fn interest(&self) -> EntitySet {
        EntitySet::EMPTY
    }

    fn unknown_tag(&mut self, _tag: u32) -> Verdict {
        Verdict::Refuse
    }
}

#[test]
fn an_isolating_visitor_refuses_unknown_tags() {
    let api = Api::of(ApiKey::METADATA).unwrap();
    let outcome = walk(&api.request, 9, &with_unknown_tag(), &mut Strict);
    assert_eq!(outcome, Err(WalkError::UnknownTag { tag: 7 }));
    walk(&api.request, 9, &metadata("orders", 9), &mut Strict).unwrap();
}

/// Drops tags that the tables don't know, and edits nothing else.
struct Untagged;

impl Visitor for Untagged {
    fn interest(&self) -> EntitySet {
        EntitySet::EMPTY
    }

    fn unknown_tag(&mut self, _tag: u32) -> Verdict {
        Verdict::Drop
    }
}

#[test]
fn unknown_tags_are_dropped_wherever_they_stand() {
    let metadata_api = Api::of(ApiKey::METADATA).unwrap();
    let body = Bytes::from(with_unknown_tag());
    let edits = walk(&metadata_api.request, 9, &body, &mut Untagged).unwrap();
    assert_eq!(edits.apply(&body).into_bytes(), metadata("orders", 9));

    // Fetch, version 12 and up: the cluster's id is tag 0 of the request.
    let api = Api::of(ApiKey::FETCH).unwrap();
    let mut fetch = Struct::new(api.request.fields, 12);
    fetch.set("ClusterId", Value::text("cluster"));
    let clean = fetch.write(&api.request, 12).unwrap();
    let tags = [&[1, 0, 8, 8][..], b"cluster"].concat();
    let at = clean.len() - tags.len();
    assert_eq!(clean[at..], tags);
    // Many more, behind and with a count of two bytes.
    let mut body = clean[..at].to_vec();
    body.extend([0x81, 0x02]);
    body.extend(&tags[1..]);
    for tag in 1..257_u16 {
        let low = (tag & 0x7f) as u8;
        if tag < 0x80 {
            body.push(low);
        } else {
            body.extend([low | 0x80, (tag >> 7) as u8]);
        }
        body.extend([1, 0xaa]);
    }
    let body = Bytes::from(body);
    let edits = walk(&api.request, 12, &body, &mut Untagged).unwrap();
    assert_eq!(edits.apply(&body).into_bytes(), clean);
}

/// Drops null arrays, and appends a partition to each list of them, without interest in the partitions.
struct Arrays;

impl Visitor for Arrays {
    fn interest(&self) -> EntitySet {
        EntitySet::of(&[Entity::TopicName])
    }

    fn null_array(&mut self, _: &'static Field) -> Verdict {
        Verdict::Drop
    }

    fn append(&mut self, field: &'static Field) -> Option<(usize, Vec<u8>)> {
        (field.name == "PartitionIndexes").then(|| (1, vec![0, 0, 0, 9]))
    }
}

#[test]
fn an_array_that_nobody_looks_into_can_be_appended_to() {
    let api = Api::of(ApiKey::OFFSET_FETCH).unwrap();
    let body = Bytes::from_static(&[0, 1, b'g', 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 5]);
    let out = walk(&api.request, 1, &body, &mut Arrays).unwrap().apply(&body);
    let expected = [0, 1, b'g', 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 9];
    assert_eq!(out.into_bytes(), expected[..]);
}

#[test]
fn a_null_array_outside_of_elements_can_not_be_dropped() {
    let api = Api::of(ApiKey::METADATA).unwrap();
    let outcome = walk(&api.request, 4, &[0xff, 0xff, 0xff, 0xff, 1], &mut Arrays);
    assert_eq!(outcome, Err(WalkError::NotInArray { field: "Topics" }));
}

/// Drops whatever holds a boolean.
struct Booleans;

impl Visitor for Booleans {
    fn interest(&self) -> EntitySet {
        EntitySet::of(&[Entity::Plain])
    }

    fn integer(&mut self, _: &'static Field, _: i64) -> IntegerEdit {
        IntegerEdit::Drop
    }
}

#[test]
fn what_follows_an_array_is_not_in_it() {
    let api = Api::of(ApiKey::METADATA).unwrap();
    let outcome = walk(&api.request, 4, &metadata("orders", 4), &mut Booleans);
    assert_eq!(
        outcome,
        Err(WalkError::NotInArray {
            field: "AllowAutoTopicCreation"
        })
    );
}

/// Looks at topics, passes their partitions by, and keeps what it enters.
struct Entered(&'static [&'static str], Vec<&'static str>);

impl Visitor for Entered {
    fn interest(&self) -> EntitySet {
        EntitySet::of(&[Entity::TopicName, Entity::BrokerId])
    }

    fn passes_by(&self, field: &'static Field) -> bool {
        self.0.contains(&field.name)
    }

    fn enter(&mut self, field: &'static Field) {
        self.1.push(field.name);
    }
}

#[test]
fn elements_that_are_passed_by_are_checked_and_not_shown() {
    let api = Api::of(ApiKey::METADATA).unwrap();
    let mut response = Struct::new(api.response.fields, 12);
    let mut topic = response.nested("Topics", 12).unwrap();
    let partition = topic.nested("Partitions", 12).unwrap();
    topic.set("Partitions", Value::Array(vec![Value::Struct(partition)]));
    response.set("Topics", Value::Array(vec![Value::Struct(topic)]));
    let body = response.write(&api.response, 12).unwrap();
    let check = |passed_by: &'static [&'static str], expected: &[&str]| {
        let mut visitor = Entered(passed_by, Vec::new());
        assert!(walk(&api.response, 12, &body, &mut visitor).unwrap().is_empty());
        assert_eq!(visitor.1, expected);
        walk(&api.response, 12, &body[..body.len() - 8], &mut visitor).unwrap_err();
    };
    check(&[], &["Topics", "Partitions"]);
    check(&["Partitions"], &["Topics"]);
    check(&["Topics"], &[]);
}
