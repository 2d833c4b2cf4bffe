//! Bytes that are not a message.

use keg_codec::message::Struct;
use keg_codec::schema::EntitySet;
use keg_codec::walk::{Visitor, check, walk_prefix};

use crate::support::mutate::mutate;
use crate::support::{for_every_message, generate};

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
