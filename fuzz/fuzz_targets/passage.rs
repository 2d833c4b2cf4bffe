//! Messages that pass while they arrive: however they are cut in pieces, what comes out is as long as was told, is what a check
//! of the whole accepts, and shows nothing that was to be hidden. Ids and strings become what they are told to become.

#![no_main]

mod pieces;
mod support;

use std::sync::Arc;

use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{Edit, IntegerEdit, PassIds, PassStrings, Passage, UuidEdit, Visitor, check, walk};
use libfuzzer_sys::fuzz_target;
use pieces::through;
use support::{Choices, any_body, any_case};

const HIDDEN: [EntitySet; 4] = [
    EntitySet::EMPTY,
    EntitySet::of(&[Entity::BrokerHost, Entity::BrokerPort]),
    EntitySet::of(&[Entity::BrokerId]),
    EntitySet::of(&[Entity::TopicName, Entity::TopicId]),
];

/// What names have to begin with.
const BEGINNINGS: [Option<&str>; 4] = [None, Some(""), Some("a"), Some("\0")];

/// Counts what is shown.
struct Shown {
    hidden: EntitySet,
    values: usize,
}

impl Visitor for Shown {
    fn interest(&self) -> EntitySet {
        self.hidden
    }

    fn string(&mut self, _: &'static Field, _: Option<&[u8]>) -> Edit<'_> {
        self.values += 1;
        Edit::Keep
    }

    fn integer(&mut self, _: &'static Field, _: i64) -> IntegerEdit {
        self.values += 1;
        IntegerEdit::Keep
    }

    fn uuid(&mut self, _: &'static Field, _: &[u8; 16]) -> UuidEdit {
        self.values += 1;
        UuidEdit::Keep
    }
}

/// What ids of topics become.
const ANOTHER: [u8; 16] = *b"another topic id";

#[derive(Debug)]
struct Another;

impl PassIds for Another {
    fn pass(&self, _: &[u8; 16]) -> [u8; 16] {
        ANOTHER
    }
}

/// What group ids get in front.
#[derive(Debug)]
struct Longer(usize);

impl PassStrings for Longer {
    fn longer_by(&self) -> usize {
        self.0
    }

    fn pass(&self, string: &[u8], out: &mut Vec<u8>) -> bool {
        out.extend(vec![b'!'; self.0]);
        out.extend(string);
        true
    }
}

/// Expects every group id to have become longer, and counts them.
struct Groups {
    longer_by: usize,
    count: usize,
}

impl Visitor for Groups {
    fn interest(&self) -> EntitySet {
        EntitySet::of(&[Entity::GroupId])
    }

    fn string(&mut self, _: &'static Field, group: Option<&[u8]>) -> Edit<'_> {
        if let Some(group) = group {
            self.count += 1;
            let beginning = group.get(..self.longer_by).expect("it has become longer");
            assert!(beginning.iter().all(|byte| *byte == b'!'), "a group has passed");
        }
        Edit::Keep
    }
}

/// Expects every id to be another.
struct Ids;

impl Visitor for Ids {
    fn interest(&self) -> EntitySet {
        EntitySet::of(&[Entity::TopicId])
    }

    fn uuid(&mut self, _: &'static Field, id: &[u8; 16]) -> UuidEdit {
        assert_eq!(*id, ANOTHER, "an id has passed");
        UuidEdit::Keep
    }
}

fuzz_target!(|data: &[u8]| {
    let choices = &mut Choices::new(data);
    let case = any_case(choices);
    let hidden = HIDDEN[choices.below(HIDDEN.len())];
    let unknown = choices.one_in(2);
    let beginning = BEGINNINGS[choices.below(BEGINNINGS.len())];
    let left_out = choices.one_in(2).then(|| choices.below(4));
    let pieces: Vec<usize> = (0..8).map(|_| 1 + choices.below(40)).collect();
    let body = any_body(case, choices);
    let (message, version) = (case.message, case.version);
    let replaces = choices.one_in(2);
    let Some(mut passage) = Passage::new(message, version, body.len(), hidden) else {
        return;
    };
    if !unknown {
        passage = passage.without_unknown_tags();
    }
    if let Some(beginning) = beginning {
        let Some(with) = passage.beginning_with(Entity::TopicName, beginning.as_bytes().into(), left_out) else {
            return;
        };
        passage = with;
    }
    if replaces {
        passage = passage
            .with_ids(Entity::TopicId, Arc::new(Another))
            .expect("nothing has passed");
    }

    let longer_by = choices.below(2) * choices.below(200);
    let mut lengthens = choices.one_in(2);
    if lengthens {
        let with = passage.clone().with_strings(Entity::GroupId, Arc::new(Longer(longer_by)));
        lengthens = with.is_some();
        passage = with.unwrap_or(passage);
    }
    let growth = passage.growth();

    let whole = through(passage.clone(), &body, &[body.len().max(1)]);
    assert_eq!(whole, through(passage, &body, &pieces), "the pieces make a difference");
    let is_well_formed = check(message, version, &body).is_ok();
    let Some(out) = whole else {
        // What is well-formed passes, but for tagged fields that may not, names that begin with something else, and strings that
        // are too long, or whose lengths are.
        assert!(!is_well_formed || !unknown || beginning.is_some() || lengthens);
        return;
    };
    // What is blanked isn't looked into.
    assert!(is_well_formed || out != body, "what is malformed passes");
    let told = left_out.unwrap_or(0) * beginning.map_or(0, str::len);
    if !lengthens {
        assert_eq!(out.len() + told, body.len());
    } else {
        let mut groups = Groups { longer_by, count: 0 };
        walk(message, version, &out, &mut groups).expect("what passes is well-formed");
        assert_eq!(out.len() + told, body.len() + growth * groups.count);
    }
    if replaces {
        walk(message, version, &out, &mut Ids).expect("what passes is well-formed");
    }
    let mut shown = Shown { hidden, values: 0 };
    walk(message, version, &out, &mut shown).expect("what passes is well-formed");
    assert_eq!(shown.values, 0, "what is hidden is shown");
});
