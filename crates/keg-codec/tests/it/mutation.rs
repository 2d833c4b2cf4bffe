//! Bytes that are not a message.

use std::cell::Cell;

use keg_codec::message::Struct;
use keg_codec::schema::EntitySet;
use keg_codec::walk::{Verdict, Visitor, check, walk, walk_prefix};

use crate::support::mutate::mutate;
use crate::support::{for_every_message, generate};

/// Looks at fields of these kinds, and keeps what it sees of unknown tags.
struct Looking(EntitySet, Vec<u32>);

impl Visitor for Looking {
    fn interest(&self) -> EntitySet {
        self.0
    }

    fn unknown_tag(&mut self, tag: u32) -> Verdict {
        self.1.push(tag);
        Verdict::Keep
    }
}

struct Uninterested;

impl Visitor for Uninterested {
    fn interest(&self) -> EntitySet {
        EntitySet::EMPTY
    }
}

#[test]
fn every_truncated_message_is_refused() {
    for_every_message(|case, choices| {
        let body = generate::message(case, choices)
            .write(case.message, case.version)
            .unwrap();
        for length in 0..body.len() {
            check(case.message, case.version, &body[..length]).unwrap_err();
        }
    });
}

#[test]
fn mutated_messages_never_panic_and_never_pass_for_more_than_is_there() {
    for_every_message(|case, choices| {
        let (message, version) = (case.message, case.version);
        let mut body = generate::message(case, choices).write(message, version).unwrap();
        mutate(&mut body, choices);
        if let Ok((edits, consumed)) = walk_prefix(message, version, &body, &mut Uninterested) {
            assert!(edits.is_empty());
            assert!(consumed <= body.len());
        }
        match (check(message, version, &body), Struct::read(message, version, &body)) {
            (Ok(()), Ok(value)) => {
                let written = value.write(message, version).unwrap();
                assert!(
                    Struct::read(message, version, &written)
                        .unwrap()
                        .write(message, version)
                        == Ok(written)
                );
            }
            (Err(checked), Err(read)) => assert_eq!(checked, read),
            (checked, read) => panic!("checked as {checked:?}, but read as {read:?}"),
        }
    });
}

#[test]
fn what_nobody_looks_at_is_checked_as_strictly_as_the_rest() {
    let refused = Cell::new(0_usize);
    for_every_message(|case, choices| {
        let (message, version) = (case.message, case.version);
        let mut body = generate::message(case, choices).write(message, version).unwrap();
        for _ in 0..2 {
            let see = |interest| {
                let mut visitor = Looking(interest, Vec::new());
                let outcome = walk(message, version, &body, &mut visitor);
                outcome.is_ok().then_some(visitor.1)
            };
            let all = see(case.everything());
            assert_eq!(see(EntitySet::EMPTY), all, "{} {version}: {body:?}", message.name);
            assert_eq!(check(message, version, &body).is_ok(), all.is_some());
            refused.set(refused.get() + usize::from(all.is_none()));
            mutate(&mut body, choices);
        }
    });
    assert!(refused.get() > 0);
}
