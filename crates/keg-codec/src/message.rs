//! Messages as values, for those that are built or taken apart whole.
//!
//! For what is only looked at or changed in places, [`crate::walk`] is the way.

mod read;
mod write;

use crate::schema::{Field, Message, Type};
use crate::walk::{WalkError, check};
pub(crate) use write::Writer;

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Null, where the version allows it.
    Null,
    /// An integer of any size, or a boolean.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// A UUID.
    Uuid([u8; 16]),
    /// A string, bytes or records.
    Bytes(Vec<u8>),
    /// The elements of an array.
    Array(Vec<Value>),
    /// Nested fields.
    Struct(Struct),
}

impl Value {
    /// A string.
    pub fn text(text: &str) -> Self {
        Self::Bytes(text.as_bytes().to_vec())
    }

    /// The integer, if it is one.
    pub fn as_integer(&self) -> Option<i64> {
        if let Self::Integer(value) = self {
            Some(*value)
        } else {
            None
        }
    }

    /// The string, if it is one that is UTF-8.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Bytes(bytes) = self {
            std::str::from_utf8(bytes).ok()
        } else {
            None
        }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(elements) = self {
            Some(elements)
        } else {
            None
        }
    }

    /// The fields, if it is a structure.
    pub fn as_struct(&self) -> Option<&Struct> {
        if let Self::Struct(fields) = self {
            Some(fields)
        } else {
            None
        }
    }

    /// The value that Kafka gives the field when it isn't set.
    pub(crate) fn default_of(field: &'static Field, version: i16) -> Self {
        let nullable = field.nullable.contains(version);
        match (field.array, field.ty) {
            _ if field.default_null && nullable => Self::Null,
            (true, _) => Self::Array(Vec::new()),
            (_, Type::Struct(nested)) => Self::Struct(Struct::new(nested, version)),
            (_, Type::String | Type::Bytes | Type::Records) => Self::Bytes(Vec::new()),
            (_, Type::Uuid) => Self::Uuid([0; 16]),
            (_, Type::Float64) => Self::Float(0.0),
            _ => Self::Integer(field.default),
        }
    }
}

/// The fields of a structure with their values, in the order of its table.
#[derive(Debug, Clone)]
pub struct Struct {
    fields: &'static [Field],
    values: Vec<Value>,
}

impl PartialEq for Struct {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.fields, other.fields) && self.values == other.values
    }
}

impl Struct {
    /// A structure of defaults.
    pub fn new(fields: &'static [Field], version: i16) -> Self {
        Self {
            fields,
            values: fields.iter().map(|field| Value::default_of(field, version)).collect(),
        }
    }

    /// Reads a whole message, after [`check`]ing it. Tagged fields that the tables don't know are left out.
    ///
    /// # Errors
    /// When the bytes are not such a message.
    pub fn read(message: &'static Message, version: i16, body: &[u8]) -> Result<Self, WalkError> {
        check(message, version, body)?;
        read::message(message, version, body)
    }

    /// Writes it as a message of the version. Tagged fields that have their default are left out.
    ///
    /// # Errors
    /// When a value is too long for its length field, or null where the version doesn't allow it.
    pub fn write(&self, message: &'static Message, version: i16) -> Result<Vec<u8>, WalkError> {
        write::message(self, message, version)
    }

    /// The table that the structure was made from.
    pub fn table(&self) -> &'static [Field] {
        self.fields
    }

    /// The elements of one of its arrays as they stand in a message of the version, without their count.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_elements(
        &self,
        field: &Field,
        message: &'static Message,
        version: i16,
    ) -> Result<(usize, Vec<u8>), WalkError> {
        write::elements(self, field, message, version)
    }

    /// The fields and their values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Field, &Value)> {
        self.fields.iter().zip(&self.values)
    }

    /// The fields and their values, to be set.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&'static Field, &mut Value)> {
        self.fields.iter().zip(&mut self.values)
    }

    /// Gives all fields the values that Kafka gives them when they aren't set.
    pub fn reset(&mut self, version: i16) {
        *self = Self::new(self.fields, version);
    }

    /// The value of the field that Kafka calls this.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter()
            .find(|(field, _)| field.name == name)
            .map(|(_, value)| value)
    }

    /// The string or bytes of the field that Kafka calls this; none if it is null, or there is no such field.
    pub fn bytes(&self, name: &str) -> &[u8] {
        match self.get(name) {
            Some(Value::Bytes(bytes)) => bytes,
            _ => &[],
        }
    }

    /// The number of the field that Kafka calls this, if there is such a field; a boolean is 0 or 1.
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(Value::as_integer)
    }

    /// The structures in the array that Kafka calls this; none if it is null, or there is no such array.
    pub fn elements(&self, name: &str) -> impl Iterator<Item = &Self> {
        let elements = self.get(name).and_then(Value::as_array).unwrap_or_default();
        elements.iter().filter_map(Value::as_struct)
    }

    /// The same, to change them.
    pub fn elements_mut(&mut self, name: &str) -> impl Iterator<Item = &mut Self> + use<'_> {
        let elements = match self.get_mut(name) {
            Some(Value::Array(elements)) => elements.as_mut_slice(),
            _ => &mut [],
        };
        elements.iter_mut().filter_map(|element| match element {
            Value::Struct(fields) => Some(fields),
            _ => None,
        })
    }

    /// A structure of defaults for the field that Kafka calls this: for an element of it, if it is an array.
    pub fn nested(&self, name: &str, version: i16) -> Option<Self> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        match field.ty {
            Type::Struct(nested) => Some(Self::new(nested, version)),
            _ => None,
        }
    }

    /// The value of the field that Kafka calls this, to be set.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.iter_mut()
            .find(|(field, _)| field.name == name)
            .map(|(_, value)| value)
    }

    /// Sets the field that Kafka calls this, and says whether there is one.
    pub fn set(&mut self, name: &str, value: Value) -> bool {
        self.get_mut(name).map(|place| *place = value).is_some()
    }
}
