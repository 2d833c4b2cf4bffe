//! Random messages: those of a [`Filler`](super::fill::Filler), with other values in the fields that may have any.

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Entity, Field, Type};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestRunner};

use super::fill::embedded;
use super::names::is_name;

/// Decisions that are read from bytes; zeros once these have run out, which are the plainest decisions.
#[derive(Debug, Clone)]
pub(crate) struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    /// The plainest decisions alone.
    pub(crate) fn none() -> Self {
        Self(&[])
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        usize::from(*first) % end
    }

    /// One of these.
    pub(crate) fn of<'a>(&mut self, these: &[&'a str]) -> &'a str {
        these[self.below(these.len())]
    }

    /// A few of these in a row.
    pub(crate) fn some(&mut self, these: &[&str]) -> String {
        (0..self.below(5)).map(|_| self.of(these)).collect()
    }

    fn integer(&mut self, size: usize) -> i64 {
        let bits = (0..size).fold(0, |bits, _| bits << 8 | self.below(256) as i64);
        // With its sign.
        bits << (64 - 8 * size) >> (64 - 8 * size)
    }
}

/// Holds a property for a few random choices; `PROPTEST_CASES` scales how many.
pub(crate) fn hold(what: &str, property: impl Fn(&mut Choices<'_>)) {
    let config = Config {
        cases: Config::default().cases.div_ceil(64),
        failure_persistence: None,
        max_shrink_iters: 4096,
        ..Config::default()
    };
    let bytes = vec(any::<u8>(), 0..512).prop_map(bytes::Bytes::from);
    let outcome = TestRunner::new(config).run(&bytes, |bytes| {
        property(&mut Choices(&bytes));
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{what}: {failure}");
    }
}

/// Letters of texts that are not names; no prefix can be made of them.
const LETTERS: [&str; 6] = ["x", "7", ".", "-", "ö", "漢"];

/// Puts random values into a message.
pub(crate) struct Randomizer<'a, 'b> {
    pub(crate) version: i16,
    pub(crate) choices: &'a mut Choices<'b>,
    /// Makes a name of this kind.
    pub(crate) name: &'a mut dyn FnMut(Entity, &mut Choices<'b>) -> String,
    /// Makes a text for people.
    pub(crate) text: &'a mut dyn FnMut(&mut Choices<'b>) -> String,
}

impl Randomizer<'_, '_> {
    pub(crate) fn randomize(&mut self, message: &mut Struct) {
        let version = self.version;
        for (field, value) in message.iter_mut().filter(|(field, _)| field.versions.contains(version)) {
            self.value(field, value);
        }
    }

    fn value(&mut self, field: &'static Field, value: &mut Value) {
        match value {
            Value::Struct(nested) => self.randomize(nested),
            Value::Array(elements) => {
                // Never none: in requests that can mean all.
                let more = elements
                    .first()
                    .cloned()
                    .into_iter()
                    .cycle()
                    .take(self.choices.below(3));
                elements.extend(more.collect::<Vec<_>>());
                elements.iter_mut().for_each(|element| self.value(field, element));
            }
            scalar => self.scalar(field, scalar),
        }
    }

    fn scalar(&mut self, field: &'static Field, value: &mut Value) {
        match (field.entity, value) {
            (entity, Value::Bytes(name)) if is_name(entity) => *name = (self.name)(entity, self.choices).into(),
            (kind @ (Entity::ConsumerAssignment | Entity::ConsumerSubscription), Value::Bytes(bytes)) => {
                let topics = 0..self.choices.below(3);
                let topics: Vec<_> = topics.map(|_| (self.name)(Entity::TopicName, self.choices)).collect();
                *bytes = embedded(kind, 1 + self.choices.below(3) as i16, &topics);
            }
            (Entity::FreeText, Value::Bytes(text)) => *text = (self.text)(self.choices).into(),
            (
                Entity::Plain
                | Entity::BrokerRack
                | Entity::ClientEndpointHost
                | Entity::ClientHost
                | Entity::ClusterId
                | Entity::ConfigValue
                | Entity::Principal
                | Entity::Records,
                value @ Value::Bytes(_),
            ) => {
                let is_null = field.nullable.contains(self.version) && !field.array && self.choices.below(4) == 3;
                *value = if is_null {
                    Value::Null
                } else {
                    Value::text(&self.choices.some(&LETTERS))
                };
            }
            (
                Entity::Plain | Entity::ErrorCode | Entity::PartitionIndex | Entity::ProducerId,
                Value::Integer(number),
            ) => {
                *number = match field.ty {
                    Type::Bool => self.choices.below(2) as i64,
                    Type::Uint16 => self.choices.integer(2) & 0xffff,
                    Type::Uint32 => self.choices.integer(4) & 0xffff_ffff,
                    sized => self.choices.integer(sized.fixed_size().unwrap()),
                }
            }
            _ => {}
        }
    }
}
