//! What a namespace does: a prefix on every name, and off again.

use bytes::Bytes;
use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{Edit, Visitor, walk};

use crate::support::{for_every_message, generate};

const NAMES: EntitySet = EntitySet::of(&[Entity::TopicName, Entity::GroupId, Entity::TransactionalId]);

// Long enough that compact lengths, tagged fields and their sections grow by a byte.
const PREFIX: &[u8] = &[b'p'; 130];

/// Collects names.
#[derive(Default)]
struct Names(Vec<Option<String>>);

impl Visitor for Names {
    fn interest(&self) -> EntitySet {
        NAMES
    }

    fn string(&mut self, _: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        self.0.push(value.map(|name| String::from_utf8(name.to_vec()).unwrap()));
        Edit::Keep
    }
}

struct Add;

impl Visitor for Add {
    fn interest(&self) -> EntitySet {
        NAMES
    }

    fn string(&mut self, _: &'static Field, _: Option<&[u8]>) -> Edit<'_> {
        Edit::Prepend(PREFIX)
    }
}

struct Remove;

impl Visitor for Remove {
    fn interest(&self) -> EntitySet {
        NAMES
    }

    fn string(&mut self, _: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        assert!(value.is_none_or(|name| name.starts_with(PREFIX)));
        Edit::Strip(PREFIX.len())
    }
}

#[test]
fn prefixed_names_are_seen_prefixed_and_stripping_gives_the_identical_bytes() {
    for_every_message(|case, choices| {
        let (message, version) = (case.message, case.version);
        let body = Bytes::from(generate::message(case, choices).write(message, version).unwrap());
        let mut before = Names::default();
        walk(message, version, &body, &mut before).unwrap();

        let prefixed = walk(message, version, &body, &mut Add)
            .unwrap()
            .apply(&body)
            .into_bytes();
        let mut after = Names::default();
        walk(message, version, &prefixed, &mut after).unwrap();
        let expected: Vec<_> = before
            .0
            .into_iter()
            .map(|name| name.map(|name| format!("{}{name}", "p".repeat(PREFIX.len()))))
            .collect();
        assert_eq!(after.0, expected);

        let stripped = walk(message, version, &prefixed, &mut Remove).unwrap().apply(&prefixed);
        assert_eq!(stripped.into_bytes(), body);
    });
}
