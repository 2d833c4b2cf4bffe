//! Values of any message, from its table alone.

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Field, Type};

use super::{Case, Choices};

/// A message; every field that the version has is set to something.
pub(crate) fn message(case: Case, choices: &mut Choices<'_>) -> Struct {
    fields(case.message.fields, case.version, choices)
}

/// A structure of the given fields.
pub(crate) fn fields(fields: &'static [Field], version: i16, choices: &mut Choices<'_>) -> Struct {
    let mut made = Struct::new(fields, version);
    for (field, value) in made.iter_mut().filter(|(field, _)| field.versions.contains(version)) {
        let left_out = field.is_tagged(version) && choices.one_in(2);
        if !left_out {
            *value = self::value(field, version, choices);
        }
    }
    made
}

fn value(field: &'static Field, version: i16, choices: &mut Choices<'_>) -> Value {
    if field.nullable.contains(version) && choices.one_in(4) {
        Value::Null
    } else if field.array {
        let count = choices.below(4);
        Value::Array((0..count).map(|_| element(field.ty, version, choices)).collect())
    } else {
        element(field.ty, version, choices)
    }
}

/// A value of the type, or an element of an array of it.
pub(crate) fn element(ty: Type, version: i16, choices: &mut Choices<'_>) -> Value {
    match ty {
        Type::Struct(nested) => Value::Struct(fields(nested, version, choices)),
        Type::String => Value::Bytes(choices.text()),
        Type::Bytes | Type::Records => Value::Bytes((0..choices.below(20)).map(|_| choices.byte()).collect()),
        Type::Uuid => Value::Uuid([choices.byte(); 16]),
        Type::Float64 => Value::Float(choices.integer(4) as f64 / 8.0),
        Type::Bool => Value::Integer(choices.below(2) as i64),
        Type::Uint16 => Value::Integer(choices.integer(2) & 0xffff),
        Type::Uint32 => Value::Integer(choices.integer(4) & 0xffff_ffff),
        sized => Value::Integer(choices.integer(sized.fixed_size().unwrap())),
    }
}
