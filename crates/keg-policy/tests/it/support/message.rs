//! Messages by the paths of their fields, as in `Topics.0.Partitions.1.ErrorCode`.

use keg_codec::message::{Struct, Value};
use keg_codec::schema::{Field, Message, Type};

/// The fields that are set, by their paths.
pub(crate) type Fields<'a> = &'a [(&'a str, Value)];

/// A message of defaults but for these fields. Arrays grow as the paths say.
pub(crate) fn message(message: &'static Message, version: i16, fields: Fields<'_>) -> Struct {
    let mut made = Struct::new(message.fields, version);
    for (path, value) in fields {
        let path: Vec<_> = path.split('.').collect();
        put(&mut made, version, &path, value);
    }
    made
}

fn put(into: &mut Struct, version: i16, path: &[&str], value: &Value) {
    let [name, rest @ ..] = path else {
        panic!("a path of fields")
    };
    let (field, place) = into
        .iter_mut()
        .find(|(field, _)| field.name == *name && field.versions.contains(version))
        .unwrap_or_else(|| panic!("version {version} has no field {name}"));
    match rest {
        [] => *place = value.clone(),
        [index, rest @ ..] if field.array => {
            if *place == Value::Null {
                *place = Value::Array(Vec::new());
            }
            let Value::Array(elements) = place else {
                panic!("{name} is no array")
            };
            let index: usize = index.parse().unwrap();
            while elements.len() <= index {
                elements.push(element(field, version));
            }
            match &mut elements[index] {
                Value::Struct(nested) if !rest.is_empty() => put(nested, version, rest, value),
                place => *place = value.clone(),
            }
        }
        rest => {
            if *place == Value::Null {
                *place = element(field, version);
            }
            let Value::Struct(nested) = place else {
                panic!("{name} has no fields")
            };
            put(nested, version, rest, value);
        }
    }
}

fn element(field: &'static Field, version: i16) -> Value {
    match field.ty {
        Type::Struct(nested) => Value::Struct(Struct::new(nested, version)),
        _ => Value::Null,
    }
}

/// All values at a path, in which `*` stands for every element.
pub(crate) fn values<'a>(from: &'a Struct, path: &str) -> Vec<&'a Value> {
    fn step<'a>(from: Vec<&'a Value>, name: &str) -> Vec<&'a Value> {
        from.into_iter()
            .flat_map(|value| match (value, name) {
                (Value::Array(elements), "*") => elements.iter().collect::<Vec<_>>(),
                (Value::Array(elements), index) => elements.get(index.parse::<usize>().unwrap()).into_iter().collect(),
                (Value::Struct(nested), name) => vec![nested.get(name).unwrap()],
                _ => Vec::new(),
            })
            .collect()
    }
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let start = from.get(first).unwrap_or_else(|| panic!("no field {first}"));
    rest.split('.').filter(|name| !name.is_empty()).fold(vec![start], step)
}

/// The strings at a path; null is `<null>`.
pub(crate) fn texts(from: &Struct, path: &str) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Null => "<null>".to_owned(),
        Value::Bytes(text) => String::from_utf8(text.clone()).unwrap(),
        other => panic!("{other:?} at {path} is no string"),
    };
    values(from, path).into_iter().map(text).collect()
}

/// The integers at a path.
pub(crate) fn ints(from: &Struct, path: &str) -> Vec<i64> {
    let values = values(from, path).into_iter();
    values
        .map(|value| value.as_integer().unwrap_or_else(|| panic!("{value:?} at {path}")))
        .collect()
}

/// How many elements the array at a path has.
pub(crate) fn count(from: &Struct, path: &str) -> usize {
    values(from, path)
        .into_iter()
        .map(|value| value.as_array().unwrap().len())
        .sum()
}

pub(crate) fn text(text: &str) -> Value {
    Value::text(text)
}

pub(crate) fn int(number: i64) -> Value {
    Value::Integer(number)
}

pub(crate) fn null() -> Value {
    Value::Null
}
