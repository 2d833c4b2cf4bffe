//! Strings that become others on their way.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{EntitySet, Field};
use keg_codec::walk::{Edit, PassStrings, Passage, Visitor, WalkError, walk};
use keg_codec::{Api, ApiKey, Entity};

use super::{all, passed};
use crate::support::{Case, Choices, every_message, for_messages, generate};

/// Puts a beginning before strings that have their bytes turned around, and keeps what they were.
#[derive(Debug)]
struct Turns {
    beginning: Vec<u8>,
    seen: Mutex<Vec<Vec<u8>>>,
}

impl Turns {
    fn behind(length: usize) -> Self {
        Self {
            beginning: vec![b'p'; length],
            seen: Mutex::default(),
        }
    }

    fn turned(&self, string: &[u8]) -> Vec<u8> {
        self.seen.lock().unwrap().push(string.to_vec());
        let turned = string.iter().rev();
        self.beginning.iter().chain(turned).copied().collect()
    }
}

impl PassStrings for Turns {
    fn longer_by(&self) -> usize {
        self.beginning.len()
    }

    fn pass(&self, string: &[u8], out: &mut Vec<u8>) -> bool {
        out.extend(self.turned(string));
        true
    }
}

impl Visitor for &Turns {
    fn interest(&self) -> EntitySet {
        EntitySet::of(&[Entity::TopicName])
    }

    fn string(&mut self, _: &'static Field, string: Option<&[u8]>) -> Edit<'_> {
        string.map_or(Edit::Keep, |string| Edit::Replace(Cow::Owned(self.turned(string))))
    }
}

/// What passes the strings of a message.
fn passage(case: &Case, body: &[u8], strings: &Arc<Turns>) -> Option<Passage> {
    let passage = Passage::new(case.message, case.version, body.len(), EntitySet::EMPTY).unwrap();
    passage.with_strings(Entity::TopicName, Arc::clone(strings) as _)
}

#[test]
fn strings_become_others_however_they_come_and_are_asked_for_once_in_their_order() {
    let has_names = |case: &Case| case.everything().contains(Entity::TopicName);
    for_messages(every_message().filter(has_names), |case, choices| {
        let (message, version) = (case.message, case.version);
        let body = generate::message(case, choices).write(message, version).unwrap();
        let length = choices.below(2) * choices.below(250);
        let (walked, turned) = (Turns::behind(length), Arc::new(Turns::behind(length)));
        let Some(passage) = passage(&case, &body, &turned) else {
            return; // They may be tagged.
        };
        let growth = passage.growth();
        let edits = walk(message, version, &body, &mut &walked).unwrap();
        let expected = edits.apply(&body.clone().into()).into_bytes();
        let out = passed(passage, &body, choices).unwrap();
        let seen = turned.seen.lock().unwrap();
        assert_eq!(*seen, *walked.seen.lock().unwrap());
        assert_eq!(out.len(), body.len() + growth * seen.len());
        // A varint may be wider than it has to be.
        let read = |body: &[u8]| Struct::read(message, version, body).unwrap();
        assert_eq!(read(&out), read(&expected));
    });
}

/// A Produce request of these topics, without partitions.
fn produce(version: i16, topics: &[&str]) -> Vec<u8> {
    let api = Api::of(ApiKey::PRODUCE).unwrap();
    let mut request = Struct::new(api.request.fields, version);
    let topics = topics.iter().map(|name| {
        let mut topic = request.nested("TopicData", version).unwrap();
        topic.set("Name", Value::text(name));
        Value::Struct(topic)
    });
    request.set("TopicData", Value::Array(topics.collect()));
    request.write(&api.request, version).unwrap()
}

fn produced(version: i16, body: &[u8], strings: Arc<dyn PassStrings>) -> Passage {
    let message = &Api::of(ApiKey::PRODUCE).unwrap().request;
    let passage = Passage::new(message, version, body.len(), EntitySet::EMPTY).unwrap();
    passage.with_strings(Entity::TopicName, strings).unwrap()
}

#[test]
fn only_strings_behind_what_has_passed_become_others() {
    for version in [8, 12] {
        let mut body = produce(version, &["ab", "cd"]);
        let behind_first = body.windows(2).position(|bytes| bytes == b"ab").unwrap() + 2;
        let message = &Api::of(ApiKey::PRODUCE).unwrap().request;
        let mut passage = Passage::new(message, version, body.len(), EntitySet::EMPTY).unwrap();
        let (head, rest) = body.split_at_mut(behind_first);
        assert_eq!(passage.pass(head), all(behind_first));
        let mut passage = passage
            .with_strings(Entity::TopicName, Arc::new(Turns::behind(0)))
            .unwrap();
        assert_eq!(passage.pass(rest), all(rest.len()));
        assert_eq!(body, produce(version, &["ab", "dc"]));
    }
}

/// Makes this of every string, and says that they become longer by one byte.
#[derive(Debug)]
struct Breaks(Option<&'static [u8]>);

impl PassStrings for Breaks {
    fn longer_by(&self) -> usize {
        1
    }

    fn pass(&self, _: &[u8], out: &mut Vec<u8>) -> bool {
        out.extend(self.0.iter().copied().flatten());
        self.0.is_some()
    }
}

#[test]
fn strings_that_are_refused_or_too_long_or_grow_by_something_else_do_not_pass() {
    let refused = WalkError::Refused { field: "Name" };
    let none = || Choices::new(&[]);
    for version in [8, 12] {
        let body = produce(version, &["ab"]);
        for breaks in [None, Some(&b"ab"[..]), Some(b"abcd")] {
            let passage = produced(version, &body, Arc::new(Breaks(breaks)));
            assert_eq!(passed(passage, &body, &mut none()), Err(refused));
        }
        let check = |length: usize, fits| {
            let body = produce(version, &[&"n".repeat(length)]);
            let outcome = passed(produced(version, &body, Arc::new(Turns::behind(9))), &body, &mut none());
            assert_eq!(outcome.map(|out| out.len()), fits);
        };
        let growth = 9 + usize::from(version > 8);
        check(255, Ok(produce(version, &[&"n".repeat(255)]).len() + growth));
        check(256, Err(refused));
    }
}

#[test]
fn a_varint_that_can_not_become_longer_does_not_pass() {
    let body = produce(12, &["ab"]);
    let at = body.windows(2).position(|bytes| bytes == b"ab").unwrap();
    for (width, fits) in [(4, true), (5, false)] {
        let mut wide = vec![0x80; width];
        (wide[0], wide[width - 1]) = (0x83, 0);
        let wide = [&body[..at - 1], &wide, &body[at..]].concat();
        let outcome = |longer_by| {
            let passage = produced(12, &wide, Arc::new(Turns::behind(longer_by)));
            passed(passage, &wide, &mut Choices::new(&[])).map(|out| out.len() - wide.len())
        };
        assert_eq!(outcome(0), Ok(0));
        assert_eq!(outcome(3), if fits { Ok(4) } else { Err(WalkError::VarintTooLong) });
    }
}
