//! What a peer sends costs no more memory than a constant factor of its own size.
//!
//! A binary of its own, since it counts every allocation.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "it/hostile/bodies.rs"]
mod bodies;

use allocation_counter::measure;
use bytes::{Bytes, BytesMut};
use keg_codec::frame;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, EntitySet, Field, Type};
use keg_codec::walk::{Edit, Verdict, Visitor, check, walk};
use keg_codec::{Api, ApiKey, Direction, ErrorCode, RequestFrame, error_reply};

use bodies::{BODIES, HEADERS};

/// The bytes that `work` allocates altogether.
fn allocated(work: impl FnOnce()) -> usize {
    usize::try_from(measure(work).bytes_total).unwrap()
}

/// The most bytes that `work` holds at a time.
fn peak(work: impl FnOnce()) -> usize {
    usize::try_from(measure(work).bytes_max).unwrap()
}

#[test]
fn checking_a_hostile_body_allocates_nothing() {
    for body in BODIES {
        let message = Api::of(body.api).unwrap().message(body.direction);
        let used = allocated(|| {
            assert_eq!(check(message, body.version, body.bytes), Err(body.error));
            assert_eq!(Struct::read(message, body.version, body.bytes), Err(body.error));
        });
        assert_eq!(used, 0, "{}", body.what);
    }
}

#[test]
fn parsing_a_hostile_header_allocates_nothing() {
    for (what, bytes, _) in HEADERS {
        let frame = Bytes::from_static(bytes);
        let used = allocated(|| {
            RequestFrame::parse(frame).unwrap_err();
        });
        assert_eq!(used, 0, "{what}");
    }
}

#[test]
fn a_claimed_frame_length_allocates_nothing() {
    let mut buffer = BytesMut::from(&b"\x06\x00\x00\x00\x00\x03"[..]);
    let used = allocated(|| {
        assert_eq!(frame::decode(&mut buffer, 100 * 1024 * 1024), Ok(None));
    });
    assert_eq!(used, 0);
}

/// How many elements an array has in a message, in each of its elements, and so on.
const COUNTS: [&[usize]; 2] = [&[16, 16, 1], &[300]];

/// A message that has as many elements in each array as `counts` says, each as small as can be.
fn dense(fields: &'static [Field], version: i16, counts: &[usize]) -> Struct {
    let mut made = Struct::new(fields, version);
    let (count, deeper) = counts.split_first().unwrap_or((&0, &[]));
    for (field, value) in made.iter_mut().filter(|(field, _)| field.versions.contains(version)) {
        if field.array {
            let element = match field.ty {
                Type::Struct(nested) => Value::Struct(dense(nested, version, deeper)),
                Type::String | Type::Bytes | Type::Records => Value::Bytes(Vec::new()),
                Type::Uuid => Value::Uuid([0; 16]),
                _ => Value::Integer(0),
            };
            *value = Value::Array(vec![element; *count]);
        } else if field.nullable.contains(version) {
            *value = Value::Null;
        }
    }
    made
}

/// Every message of every version, as dense as can be: with many elements of few parts, and of many.
fn every_dense_message(mut each: impl FnMut(&'static Api, Direction, i16, Bytes)) {
    for api in Api::all() {
        for direction in [Direction::Request, Direction::Response] {
            let message = api.message(direction);
            for version in api.versions().first..=api.versions().last {
                for counts in COUNTS {
                    let body = dense(message.fields, version, counts).write(message, version).unwrap();
                    each(api, direction, version, body.into());
                }
            }
        }
    }
}

#[test]
fn checking_any_message_allocates_nothing() {
    every_dense_message(|api, direction, version, body| {
        let used = allocated(|| check(api.message(direction), version, &body).unwrap());
        assert_eq!(used, 0, "{} v{version} {direction:?}", api.name);
    });
}

#[test]
fn reading_any_message_as_a_value_takes_a_constant_factor_of_its_size() {
    let mut worst = (0, "", 0);
    every_dense_message(|api, direction, version, body| {
        let used = peak(|| drop(Struct::read(api.message(direction), version, &body).unwrap()));
        let factor = used / (body.len() + 64);
        worst = worst.max((factor, api.message(direction).name, version));
    });
    assert!(worst.0 <= 100, "{worst:?}");
}

#[test]
fn an_error_reply_takes_a_constant_factor_of_the_size_of_the_request() {
    let mut worst = (0, "", 0);
    every_dense_message(|api, direction, version, body| {
        if direction == Direction::Request {
            let used = peak(|| drop(error_reply(api, version, &body, ErrorCode::POLICY_VIOLATION, None).unwrap()));
            worst = worst.max((used / (body.len() + 64), api.name, version));
        }
    });
    assert!(worst.0 <= 160, "{worst:?}");
}

struct Prefix;

impl Visitor for Prefix {
    fn interest(&self) -> EntitySet {
        EntitySet::of(&[Entity::TopicName, Entity::GroupId, Entity::TransactionalId])
    }

    fn string(&mut self, _: &'static Field, _: Option<&[u8]>) -> Edit<'_> {
        Edit::Prepend(b"team-a-")
    }
}

#[test]
fn a_prefix_on_every_name_takes_a_constant_factor_of_the_size_of_the_message() {
    let mut worst = (0, "", 0);
    every_dense_message(|api, direction, version, body| {
        let used = peak(|| {
            let edits = walk(api.message(direction), version, &body, &mut Prefix).unwrap();
            drop(edits.apply(&body));
        });
        worst = worst.max((used / (body.len() + 64), api.message(direction).name, version));
    });
    assert!(worst.0 <= 64, "{worst:?}");
}

struct DropAll;

impl Visitor for DropAll {
    fn interest(&self) -> EntitySet {
        EntitySet::of(&[Entity::TopicName])
    }

    fn string(&mut self, _: &'static Field, _: Option<&[u8]>) -> Edit<'_> {
        Edit::Drop
    }
}

#[test]
fn dropping_neighbours_takes_no_memory_for_each_of_them() {
    let api = Api::of(ApiKey::METADATA).unwrap();
    let body = Bytes::from(dense(api.request.fields, 9, &[1000]).write(&api.request, 9).unwrap());
    let used = allocated(|| {
        let edits = walk(&api.request, 9, &body, &mut DropAll).unwrap();
        assert!(!edits.is_empty());
    });
    assert!(used <= 256, "{used}");
}

/// Changes names, and then drops the elements that hold them.
struct ChangeAndDrop;

impl Visitor for ChangeAndDrop {
    fn interest(&self) -> EntitySet {
        EntitySet::of(&[Entity::TopicName])
    }

    fn string(&mut self, _: &'static Field, _: Option<&[u8]>) -> Edit<'_> {
        Edit::Prepend(b"team-a-")
    }

    fn leave(&mut self, _: &'static Field) -> Verdict {
        Verdict::Drop
    }
}

#[test]
fn what_is_changed_and_then_dropped_takes_no_memory() {
    let api = Api::of(ApiKey::METADATA).unwrap();
    let body = Bytes::from(dense(api.request.fields, 9, &[1000]).write(&api.request, 9).unwrap());
    let used = allocated(|| {
        let edits = walk(&api.request, 9, &body, &mut ChangeAndDrop).unwrap();
        assert!(!edits.is_empty());
    });
    assert!(used <= 512, "{used}");
}
