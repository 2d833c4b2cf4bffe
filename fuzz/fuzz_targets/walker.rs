//! Whatever a visitor decides, the output of a walk is a message again.

#![no_main]

mod support;

use std::borrow::Cow;

use bytes::Bytes;
use keg_codec::message::Struct;
use keg_codec::schema::{EntitySet, Field, Type};
use keg_codec::walk::{Edit, IntegerEdit, UuidEdit, Verdict, Visitor, WalkError, check, walk};
use libfuzzer_sys::fuzz_target;
use support::plan::{Palette, Plan};
use support::{Case, Choices, any_body, any_case, generate};

/// Decides by the fuzzer's bytes, sense or not.
struct Whim<'a, 'b> {
    case: Case,
    choices: &'a mut Choices<'b>,
    prefix: Vec<u8>,
}

impl Whim<'_, '_> {
    fn edit(&mut self) -> Edit<'_> {
        match self.choices.below(16) {
            0 => Edit::Drop,
            1 => {
                self.prefix = self.choices.text();
                Edit::Prepend(&self.prefix)
            }
            2 => Edit::Strip(self.choices.below(256)),
            3 => Edit::Replace(Cow::Owned(self.choices.text())),
            4 => Edit::Replace(Cow::Owned(vec![b'x'; 256 * self.choices.below(256)])),
            5 => Edit::Null,
            6 if self.choices.one_in(16) => Edit::Refuse,
            _ => Edit::Keep,
        }
    }

    fn verdict(&mut self) -> Verdict {
        match self.choices.below(16) {
            0 | 1 => Verdict::Drop,
            2 if self.choices.one_in(16) => Verdict::Refuse,
            _ => Verdict::Keep,
        }
    }
}

impl Visitor for Whim<'_, '_> {
    fn interest(&self) -> EntitySet {
        self.case.everything()
    }

    fn string(&mut self, _: &'static Field, _: Option<&[u8]>) -> Edit<'_> {
        self.edit()
    }

    fn bytes(&mut self, _: &'static Field, _: Option<&[u8]>) -> Edit<'_> {
        self.edit()
    }

    fn integer(&mut self, _: &'static Field, _: i64) -> IntegerEdit {
        match self.choices.below(16) {
            0 => IntegerEdit::Drop,
            1 => IntegerEdit::Set(self.choices.integer(8)),
            _ => IntegerEdit::Keep,
        }
    }

    fn uuid(&mut self, _: &'static Field, _: &[u8; 16]) -> UuidEdit {
        match self.choices.below(16) {
            0 => UuidEdit::Drop,
            1 => UuidEdit::Set([self.choices.byte(); 16]),
            _ => UuidEdit::Keep,
        }
    }

    fn leave(&mut self, _: &'static Field) -> Verdict {
        self.verdict()
    }

    fn null_array(&mut self, _: &'static Field) -> Verdict {
        self.verdict()
    }

    fn append(&mut self, field: &'static Field) -> Option<(usize, Vec<u8>)> {
        let Type::Struct(nested) = field.ty else { return None };
        if self.choices.below(8) > 0 {
            return None;
        }
        let element = generate::fields(nested, self.case.version, self.choices);
        let bytes = element.write(self.case.message, self.case.version).ok()?;
        Some((1, bytes))
    }
}

fuzz_target!(|data: &[u8]| {
    let choices = &mut Choices::new(data);
    let case = any_case(choices);
    let (message, version) = (case.message, case.version);
    if choices.one_in(2) {
        return same_as_value(case, choices);
    }
    let body = Bytes::from(any_body(case, choices));
    let checked = check(message, version, &body);
    let prefix = Vec::new();
    let walked = walk(message, version, &body, &mut Whim { case, choices, prefix });
    match (checked, walked) {
        (Ok(()), Ok(edits)) => {
            let unchanged = edits.is_empty();
            let out = edits.apply(&body);
            assert_eq!(out.len(), out.pieces().iter().map(Bytes::len).sum::<usize>());
            assert!(out.pieces().iter().all(|piece| !piece.is_empty()));
            let out = out.into_bytes();
            assert!(!unchanged || out == body);
            check(message, version, &out).expect("the output walks cleanly");
        }
        (
            Ok(()),
            Err(
                WalkError::NotInArray { .. }
                | WalkError::Refused { .. }
                | WalkError::Null { .. }
                | WalkError::TooLong { .. },
            ),
        ) => {}
        (Ok(()), Err(error)) => panic!("{case:?}: a message that passes the check is not walked: {error}"),
        (Err(error), Ok(_)) => panic!("{case:?}: a message is walked that does not pass the check: {error}"),
        (Err(_), Err(_)) => {}
    }
});

/// The same edits to the bytes and to the value give the same.
fn same_as_value(case: Case, choices: &mut Choices<'_>) {
    let (message, version) = (case.message, case.version);
    let palette = Palette {
        drop: choices.one_in(2),
        resize: choices.one_in(2),
        set: choices.one_in(2),
        null: choices.one_in(2),
        append: choices.one_in(2),
    };
    let mut value = generate::message(case, choices);
    let body = Bytes::from(value.write(message, version).expect("what is generated can be written"));
    let mut plan = Plan::make(case, &mut value, palette, choices);
    let edits = walk(message, version, &body, &mut plan).expect("plans make sense");
    assert!(plan.is_done());
    let out = edits.apply(&body).into_bytes();
    assert_eq!(Struct::read(message, version, &out).as_ref(), Ok(&value), "{case:?}");
}
