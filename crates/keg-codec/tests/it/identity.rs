//! Walks that change nothing.

use bytes::Bytes;
use keg_codec::walk::{WalkError, walk, walk_prefix};

use crate::support::plan::{Palette, Plan};
use crate::support::{for_every_message, generate};

#[test]
fn a_walk_shows_every_field_in_the_order_of_the_wire_and_keeping_all_is_no_edit() {
    for_every_message(|case, choices| {
        let mut value = generate::message(case, choices);
        let body = Bytes::from(value.write(case.message, case.version).unwrap());
        let mut plan = Plan::make(case, &mut value, Palette::default(), choices);
        let edits = walk(case.message, case.version, &body, &mut plan).unwrap();
        assert!(edits.is_empty());
        assert!(plan.is_done());
        let out = edits.apply(&body);
        assert_eq!(
            out.pieces().first().map(|piece| piece.as_ptr()),
            Some(body.as_ptr()).filter(|_| !body.is_empty())
        );
        assert_eq!(out.into_bytes(), body);
    });
}

#[test]
fn a_walk_takes_exactly_the_bytes_of_the_message() {
    for_every_message(|case, choices| {
        let mut value = generate::message(case, choices);
        let mut body = value.write(case.message, case.version).unwrap();
        let length = body.len();
        body.extend([0x55; 3]);
        let mut plan = Plan::make(case, &mut value, Palette::default(), choices);
        let (edits, consumed) = walk_prefix(case.message, case.version, &body, &mut plan).unwrap();
        assert!(edits.is_empty());
        assert_eq!(consumed, length);
        let mut plan = Plan::make(case, &mut value, Palette::default(), choices);
        assert_eq!(
            walk(case.message, case.version, &body, &mut plan),
            Err(WalkError::TrailingBytes { count: 3 })
        );
    });
}
