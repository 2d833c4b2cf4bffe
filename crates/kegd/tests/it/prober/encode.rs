//! Messages as JSON, to Kafka's bytes, by the definitions.
//!
//! Strings are JSON's; ids, bytes and records are strings of hexadecimal digits. What a message leaves out gets the
//! definition's default; tagged fields that are left out aren't written.

use serde_json::Value;

use super::definitions::{Field, Message, Type};

/// The key under which a structure has tagged fields that no definition knows, as pairs of tag and bytes.
pub(crate) const UNKNOWN_TAGS: &str = "?tags";

/// The body of a message.
pub(crate) fn encode(message: &Message, version: i16, value: &Value) -> Vec<u8> {
    let flexible = message.is_flexible(version);
    let mut encoder = Encoder {
        version,
        flexible,
        out: Vec::new(),
    };
    encoder.structure(&message.fields, value);
    encoder.out
}

/// What stands in front of the body.
pub(crate) fn header(key: i16, version: i16, flexible: bool, correlation_id: i32, client_id: &str) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(key.to_be_bytes());
    out.extend(version.to_be_bytes());
    out.extend(correlation_id.to_be_bytes());
    // Not compact in any version.
    out.extend(u16::try_from(client_id.len()).unwrap().to_be_bytes());
    out.extend(client_id.as_bytes());
    if flexible {
        out.push(0);
    }
    out
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(digits: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

pub(crate) fn unsigned_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

struct Encoder {
    version: i16,
    flexible: bool,
    out: Vec<u8>,
}

impl Encoder {
    fn structure(&mut self, fields: &[Field], value: &Value) {
        let mut tagged: Vec<(u32, Vec<u8>)> = Vec::new();
        let version = self.version;
        for field in fields.iter().filter(|field| field.versions.contains(version)) {
            if self.flexible && field.tagged.contains(self.version) {
                if let Some(value) = value.get(&field.name) {
                    let mut encoder = Self {
                        out: Vec::new(),
                        ..*self
                    };
                    encoder.field(field, value);
                    tagged.push((field.tag, encoder.out));
                }
            } else {
                let default;
                let value = match value.get(&field.name) {
                    Some(value) => value,
                    None => {
                        default = field.default();
                        &default
                    }
                };
                self.field(field, value);
            }
        }
        if self.flexible {
            for unknown in value.get(UNKNOWN_TAGS).and_then(Value::as_array).into_iter().flatten() {
                tagged.push((
                    u32::try_from(unknown[0].as_u64().unwrap()).unwrap(),
                    from_hex(unknown[1].as_str().unwrap()),
                ));
            }
            tagged.sort();
            unsigned_varint(tagged.len() as u64, &mut self.out);
            for (tag, bytes) in tagged {
                unsigned_varint(tag.into(), &mut self.out);
                unsigned_varint(bytes.len() as u64, &mut self.out);
                self.out.extend(bytes);
            }
        }
    }

    fn field(&mut self, field: &Field, value: &Value) {
        match &field.ty {
            // Only structures that can be null say whether they are there.
            Type::Struct if field.nullable.contains(self.version) => {
                self.out.push(if value.is_null() { 0xff } else { 1 });
                if !value.is_null() {
                    self.structure(&field.fields, value);
                }
            }
            ty => self.value(ty, field, value),
        }
    }

    fn value(&mut self, ty: &Type, field: &Field, value: &Value) {
        let integer = || {
            value
                .as_i64()
                .unwrap_or_else(|| panic!("{} is not an integer: {value}", field.name))
        };
        match ty {
            Type::Bool => self.out.push(u8::from(value.as_bool().unwrap())),
            Type::Int8 => self.out.push(integer() as u8),
            Type::Int16 | Type::Uint16 => self.out.extend((integer() as u16).to_be_bytes()),
            Type::Int32 | Type::Uint32 => self.out.extend((integer() as u32).to_be_bytes()),
            Type::Int64 => self.out.extend(integer().to_be_bytes()),
            Type::Float64 => self.out.extend(value.as_f64().unwrap().to_be_bytes()),
            Type::Uuid => self.out.extend(from_hex(value.as_str().unwrap())),
            Type::Text => self.bytes(value.as_str().map(str::as_bytes), 2),
            Type::Bytes | Type::Records => self.bytes(value.as_str().map(from_hex).as_deref(), 4),
            Type::Struct => self.structure(&field.fields, value),
            Type::Array(element) => {
                let elements = value.as_array();
                self.length(elements.map(Vec::len), 4);
                for it in elements.into_iter().flatten() {
                    self.value(element, field, it);
                }
            }
        }
    }

    fn bytes(&mut self, bytes: Option<&[u8]>, width: usize) {
        self.length(bytes.map(<[u8]>::len), width);
        self.out.extend(bytes.unwrap_or_default());
    }

    fn length(&mut self, length: Option<usize>, width: usize) {
        match (self.flexible, length) {
            (true, length) => unsigned_varint(length.map_or(0, |length| length as u64 + 1), &mut self.out),
            (false, length) => {
                let length = length.map_or(-1, |length| i64::try_from(length).unwrap());
                self.out.extend(&length.to_be_bytes()[8 - width..]);
            }
        }
    }
}
