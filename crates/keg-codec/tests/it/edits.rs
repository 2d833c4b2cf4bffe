//! Edits to the bytes are the same edits to the value.

use bytes::Bytes;
use keg_codec::message::Struct;
use keg_codec::schema::{EntitySet, Field};
use keg_codec::walk::{Edit, Visitor, walk};
use keg_codec::{Api, ApiKey, Entity};

use crate::support::plan::{Palette, Plan};
use crate::support::{Case, Choices, for_every_message, generate};

/// Does random edits of the palette to the bytes and to the value, and compares.
fn agree(palette: Palette) -> impl Fn(Case, &mut Choices<'_>) {
    move |case, choices| {
        let (message, version) = (case.message, case.version);
        let mut value = generate::message(case, choices);
        let body = Bytes::from(value.write(message, version).unwrap());
        let mut plan = Plan::make(case, &mut value, palette, choices);
        let edited = walk(message, version, &body, &mut plan).unwrap().apply(&body);
        assert!(plan.is_done());
        assert_eq!(
            edited.len(),
            edited.pieces().iter().map(Bytes::len).sum::<usize>(),
            "the rope's length is that of its pieces"
        );
        let read = Struct::read(message, version, &edited.into_bytes()).unwrap();
        assert_eq!(read, value);
    }
}

#[test]
fn dropping_elements_leaves_exactly_the_others() {
    for_every_message(agree(Palette {
        drop: true,
        ..Palette::default()
    }));
}

#[test]
fn strings_and_bytes_change_size_inside_tagged_fields_too() {
    for_every_message(agree(Palette {
        resize: true,
        ..Palette::default()
    }));
}

#[test]
fn integers_and_uuids_are_set_in_place() {
    for_every_message(agree(Palette {
        set: true,
        ..Palette::default()
    }));
}

#[test]
fn what_is_nullable_becomes_null() {
    for_every_message(agree(Palette {
        null: true,
        ..Palette::default()
    }));
}

#[test]
fn elements_are_appended_behind_the_others() {
    for_every_message(agree(Palette {
        append: true,
        ..Palette::default()
    }));
}

#[test]
fn all_edits_work_together() {
    for_every_message(agree(Palette {
        drop: true,
        resize: true,
        set: true,
        null: true,
        append: true,
    }));
}

/// Prefixes topics.
struct Prefix;

impl Visitor for Prefix {
    fn interest(&self) -> EntitySet {
        EntitySet::of(&[Entity::TopicName])
    }

    fn string(&mut self, _: &'static Field, _: Option<&[u8]>) -> Edit<'_> {
        Edit::Prepend(b"team-a-")
    }
}

#[test]
fn records_are_shared_with_the_message_that_came_in() {
    const RECORDS: usize = 64 * 1024;
    let api = Api::of(ApiKey::PRODUCE).unwrap();
    let head = b"\0\xff\xff\0\0\x75\x30\x02\x02t\x02\0\0\0\0";
    let mut body = head.to_vec();
    body.extend([0x81, 0x80, 0x04]);
    body.extend([7; RECORDS]);
    body.extend([0, 0, 0]);
    let body = Bytes::from(body);
    let out = walk(&api.request, 9, &body, &mut Prefix).unwrap().apply(&body);
    assert_eq!(out.len(), body.len() + 7);
    let shared = out
        .pieces()
        .iter()
        .find(|piece| body.as_ptr_range().contains(&piece.as_ptr()));
    assert!(shared.is_some_and(|piece| piece.len() >= RECORDS));
    assert_eq!(out.pieces().len(), 2, "what is small is copied together");
}
