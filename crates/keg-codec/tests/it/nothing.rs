//! What is plainly not in a message.

use std::cell::{Cell, RefCell};

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{EntitySet, Field, Type};
use keg_codec::walk::{Edit, IntegerEdit, UuidEdit, Verdict, Visitor, says_nothing_of, says_only_what_is_fine, walk};
use keg_codec::{Api, ApiKey, Entity};

use crate::support::mutate::mutate;
use crate::support::{for_every_message, generate};

/// Keeps values of these kinds, and counts tagged fields that nobody knows.
struct Shown {
    kinds: EntitySet,
    values: Vec<Vec<u8>>,
    tags: usize,
}

impl Visitor for Shown {
    fn interest(&self) -> EntitySet {
        self.kinds
    }

    fn string(&mut self, _: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        self.values.extend(value.map(<[u8]>::to_vec));
        Edit::Keep
    }

    fn bytes(&mut self, _: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        self.values.extend(value.map(<[u8]>::to_vec));
        Edit::Keep
    }

    fn integer(&mut self, _: &'static Field, value: i64) -> IntegerEdit {
        self.values.push(value.to_be_bytes().to_vec());
        IntegerEdit::Keep
    }

    fn uuid(&mut self, _: &'static Field, id: &[u8; 16]) -> UuidEdit {
        self.values.push(id.to_vec());
        UuidEdit::Keep
    }

    fn unknown_tag(&mut self, _: u32) -> Verdict {
        self.tags += 1;
        Verdict::Keep
    }
}

#[test]
fn what_says_nothing_or_only_what_is_fine_is_a_message_without_anything_else() {
    const KINDS: [EntitySet; 5] = [
        EntitySet::EMPTY,
        EntitySet::of(&[Entity::TopicName, Entity::FreeText]),
        EntitySet::of(&[Entity::BrokerHost, Entity::BrokerPort, Entity::FreeText]),
        EntitySet::of(&[Entity::TopicId, Entity::BrokerId, Entity::GroupId, Entity::ErrorCode]),
        EntitySet::of(&[
            Entity::TopicId,
            Entity::TopicName,
            Entity::Records,
            Entity::PartitionIndex,
        ]),
    ];
    let values = Cell::new(0);
    for_every_message(|case, choices| {
        let (message, version) = (case.message, case.version);
        let kinds = KINDS[choices.below(KINDS.len())];
        let mut body = generate::message(case, choices).write(message, version).unwrap();
        if choices.below(2) == 0 {
            mutate(&mut body, choices);
        }
        let fine = RefCell::new(Vec::new());
        let says_only = says_only_what_is_fine(kinds, message, version, &body, |_, value| {
            fine.borrow_mut().push(value);
            true
        });
        let fine = fine.into_inner();
        // What isn't fine is the first value, if there is any.
        assert_eq!(
            says_nothing_of(kinds, message, version, &body),
            says_only && fine.is_empty()
        );
        if says_only {
            let (tags, shown) = (0, Vec::new());
            let mut walked = Shown {
                kinds,
                values: shown,
                tags,
            };
            assert!(walk(message, version, &body, &mut walked).is_ok_and(|edits| edits.is_empty()));
            assert_eq!(walked.tags, 0);
            // Of a number the walk shows eight bytes.
            assert_eq!(walked.values.len(), fine.len());
            assert!(
                walked
                    .values
                    .iter()
                    .zip(&fine)
                    .all(|(walked, fine)| walked.ends_with(fine))
            );
            values.set(values.get() + fine.len());
        }
    });
    assert!(values.get() > 0);
}

fn nested(fields: &'static [Field], name: &str) -> &'static [Field] {
    match fields.iter().find(|field| field.name == name).unwrap().ty {
        Type::Struct(nested) => nested,
        _ => panic!("{name} has no fields"),
    }
}

#[test]
fn ordinary_answers_say_nothing_of_names_and_those_with_something_to_say_do() {
    const KINDS: EntitySet = EntitySet::of(&[Entity::TopicName, Entity::FreeText, Entity::BrokerHost]);
    let response = &Api::of(ApiKey::PRODUCE).unwrap().response;
    let answer = |version, name: &str, message: Value| {
        let mut partition = Struct::new(
            nested(nested(response.fields, "Responses"), "PartitionResponses"),
            version,
        );
        partition.set("ErrorMessage", message);
        let mut topic = Struct::new(nested(response.fields, "Responses"), version);
        topic.set("PartitionResponses", Value::Array(vec![Value::Struct(partition)]));
        topic.set("Name", Value::text(name));
        let mut body = Struct::new(response.fields, version);
        body.set("Responses", Value::Array(vec![Value::Struct(topic)]));
        body.write(response, version).unwrap()
    };
    let says_nothing = |version, body: &[u8]| says_nothing_of(KINDS, response, version, body);
    let plain = answer(13, "", Value::Null);
    assert!(says_nothing(13, &plain));
    assert!(!says_nothing(13, &plain[1..]));
    assert!(!says_nothing(13, &[&plain[..], &[0]].concat()));
    assert!(!says_nothing(13, &answer(13, "", Value::text("no"))));
    assert!(!says_nothing(12, &answer(12, "orders", Value::Null)));
    // A tagged field at the end of all.
    let tagged = [&plain[..plain.len() - 1], &[1, 9, 1, 0]].concat();
    assert!(!says_nothing(13, &tagged));
}
