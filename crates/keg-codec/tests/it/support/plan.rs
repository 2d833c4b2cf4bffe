//! The same edits done to a value and, by a visitor, to its bytes.

use std::borrow::Cow;
use std::collections::VecDeque;

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{EntitySet, Field, Type};
use keg_codec::walk::{Edit, IntegerEdit, UuidEdit, Verdict, Visitor};

use super::{Case, Choices, generate};

/// Which edits a plan may hold.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Palette {
    pub(crate) drop: bool,
    pub(crate) resize: bool,
    pub(crate) set: bool,
    pub(crate) null: bool,
    pub(crate) append: bool,
}

#[derive(Debug)]
enum Step {
    Keep,
    Drop,
    Prepend(Vec<u8>),
    Strip(usize),
    Replace(Vec<u8>),
    Null,
    Set(i64),
    SetUuid([u8; 16]),
    Append(usize, Vec<u8>),
}

/// What to answer to each call of the visitor, in the order of the calls.
#[derive(Debug)]
pub(crate) struct Plan {
    interest: EntitySet,
    steps: VecDeque<(&'static str, Step)>,
    prefix: Vec<u8>,
}

impl Plan {
    /// Edits `message` by the choices, and gives the visitor that does the same to its bytes.
    pub(crate) fn make(case: Case, message: &mut Struct, palette: Palette, choices: &mut Choices<'_>) -> Self {
        let mut planner = Planner {
            case,
            palette,
            choices,
            steps: VecDeque::new(),
        };
        let dropped = planner.fields(message, false);
        assert!(!dropped, "nothing outside of arrays is dropped");
        Self {
            interest: case.everything(),
            steps: planner.steps,
            prefix: Vec::new(),
        }
    }

    /// Whether the visitor saw all that it should.
    pub(crate) fn is_done(&self) -> bool {
        self.steps.is_empty()
    }

    fn next(&mut self, field: &'static Field) -> Step {
        let (name, step) = self.steps.pop_front().expect("a call more than there are fields");
        assert_eq!(name, field.name, "the calls come in the order of the wire");
        step
    }

    fn edit(&mut self, field: &'static Field) -> Edit<'_> {
        match self.next(field) {
            Step::Keep => Edit::Keep,
            Step::Drop => Edit::Drop,
            Step::Prepend(prefix) => {
                self.prefix = prefix;
                Edit::Prepend(&self.prefix)
            }
            Step::Strip(count) => Edit::Strip(count),
            Step::Replace(new) => Edit::Replace(Cow::Owned(new)),
            Step::Null => Edit::Null,
            step => panic!("{step:?} is not for strings"),
        }
    }

    fn verdict(&mut self, field: &'static Field) -> Verdict {
        match self.next(field) {
            Step::Keep => Verdict::Keep,
            Step::Drop => Verdict::Drop,
            step => panic!("{step:?} is not a verdict"),
        }
    }
}

impl Visitor for Plan {
    fn interest(&self) -> EntitySet {
        self.interest
    }

    fn string(&mut self, field: &'static Field, _: Option<&[u8]>) -> Edit<'_> {
        self.edit(field)
    }

    fn bytes(&mut self, field: &'static Field, _: Option<&[u8]>) -> Edit<'_> {
        self.edit(field)
    }

    fn integer(&mut self, field: &'static Field, _: i64) -> IntegerEdit {
        match self.next(field) {
            Step::Keep => IntegerEdit::Keep,
            Step::Drop => IntegerEdit::Drop,
            Step::Set(new) => IntegerEdit::Set(new),
            step => panic!("{step:?} is not for integers"),
        }
    }

    fn uuid(&mut self, field: &'static Field, _: &[u8; 16]) -> UuidEdit {
        match self.next(field) {
            Step::Keep => UuidEdit::Keep,
            Step::Drop => UuidEdit::Drop,
            Step::SetUuid(new) => UuidEdit::Set(new),
            step => panic!("{step:?} is not for UUIDs"),
        }
    }

    fn leave(&mut self, field: &'static Field) -> Verdict {
        self.verdict(field)
    }

    fn null_array(&mut self, field: &'static Field) -> Verdict {
        self.verdict(field)
    }

    fn append(&mut self, field: &'static Field) -> Option<(usize, Vec<u8>)> {
        match self.next(field) {
            Step::Keep => None,
            Step::Append(count, bytes) => Some((count, bytes)),
            step => panic!("{step:?} is not for appending"),
        }
    }
}

struct Planner<'a, 'b> {
    case: Case,
    palette: Palette,
    choices: &'a mut Choices<'b>,
    steps: VecDeque<(&'static str, Step)>,
}

impl Planner<'_, '_> {
    /// Plans the fields in the order of the wire; true when one of them dropped the element that holds them.
    fn fields(&mut self, message: &mut Struct, in_element: bool) -> bool {
        let version = self.case.version;
        let defaults = Struct::new(message.table(), version);
        let mut order: Vec<_> = message
            .iter_mut()
            .zip(defaults.iter())
            .filter(|((field, value), (_, default))| {
                field.versions.contains(version) && (!field.is_tagged(version) || **value != **default)
            })
            .map(|(it, _)| it)
            .collect();
        order.sort_by_key(|(field, _)| field.tag.filter(|_| field.is_tagged(version)).map(|tag| tag.number));
        order
            .into_iter()
            .any(|(field, value)| self.field(field, value, in_element))
    }

    fn field(&mut self, field: &'static Field, value: &mut Value, in_element: bool) -> bool {
        match value {
            Value::Null if field.array => self.judge(field, in_element),
            Value::Null if matches!(field.ty, Type::Struct(_)) => false,
            Value::Array(elements) => {
                elements.retain_mut(|element| !self.element(field, element));
                self.append(field, elements);
                false
            }
            Value::Struct(nested) => self.fields(nested, in_element),
            value => self.leaf(field, value, field.nullable.contains(self.case.version), in_element),
        }
    }

    fn element(&mut self, field: &'static Field, element: &mut Value) -> bool {
        match element {
            Value::Struct(nested) => self.fields(nested, true) || self.judge(field, true),
            leaf => self.leaf(field, leaf, false, true),
        }
    }

    fn leaf(&mut self, field: &'static Field, value: &mut Value, nullable: bool, in_element: bool) -> bool {
        if let Value::Float(_) = value {
            return false;
        }
        if self.drops(in_element) {
            self.steps.push_back((field.name, Step::Drop));
            return true;
        }
        let step = match value {
            Value::Integer(number) if self.palette.set && self.choices.one_in(2) => {
                let Value::Integer(new) = generate::element(field.ty, self.case.version, self.choices) else {
                    panic!("integers are integers");
                };
                *number = new;
                Step::Set(new)
            }
            Value::Uuid(uuid) if self.palette.set && self.choices.one_in(2) => {
                let Value::Uuid(new) = generate::element(field.ty, self.case.version, self.choices) else {
                    panic!("UUIDs are UUIDs");
                };
                *uuid = new;
                Step::SetUuid(new)
            }
            Value::Bytes(_) | Value::Null if nullable && self.palette.null && self.choices.one_in(3) => {
                *value = Value::Null;
                Step::Null
            }
            Value::Bytes(_) | Value::Null if self.palette.resize => self.resize(value),
            _ => Step::Keep,
        };
        self.steps.push_back((field.name, step));
        false
    }

    fn resize(&mut self, value: &mut Value) -> Step {
        match (self.choices.below(4), value) {
            (1, value) => {
                let new = if self.choices.one_in(4) {
                    vec![b'x'; 200 + self.choices.below(100)]
                } else {
                    self.choices.text()
                };
                *value = Value::Bytes(new.clone());
                Step::Replace(new)
            }
            (2, Value::Bytes(bytes)) => {
                let prefix = self.choices.text();
                bytes.splice(0..0, prefix.clone());
                Step::Prepend(prefix)
            }
            (2, _) => Step::Prepend(b"null stays null".to_vec()),
            (3, Value::Bytes(bytes)) => {
                let count = self.choices.below(bytes.len() + 2);
                bytes.drain(..count.min(bytes.len()));
                Step::Strip(count)
            }
            (3, _) => Step::Strip(3),
            _ => Step::Keep,
        }
    }

    fn append(&mut self, field: &'static Field, elements: &mut Vec<Value>) {
        let appendable = matches!(field.ty, Type::Struct(_) | Type::Int32 | Type::Uuid);
        if !self.palette.append || !appendable || !self.choices.one_in(2) {
            self.steps.push_back((field.name, Step::Keep));
            return;
        }
        let (count, mut bytes) = (self.choices.below(3), Vec::new());
        for _ in 0..count {
            let element = generate::element(field.ty, self.case.version, self.choices);
            match &element {
                Value::Struct(nested) => bytes.extend(nested.write(self.case.message, self.case.version).unwrap()),
                Value::Integer(number) => bytes.extend((*number as i32).to_be_bytes()),
                Value::Uuid(uuid) => bytes.extend(uuid),
                other => panic!("{other:?} is not appended"),
            }
            elements.push(element);
        }
        self.steps.push_back((field.name, Step::Append(count, bytes)));
    }

    fn judge(&mut self, field: &'static Field, in_element: bool) -> bool {
        let dropped = self.drops(in_element);
        self.steps
            .push_back((field.name, if dropped { Step::Drop } else { Step::Keep }));
        dropped
    }

    fn drops(&mut self, in_element: bool) -> bool {
        in_element && self.palette.drop && self.choices.one_in(8)
    }
}
