//! Writing values.

use super::{Struct, Value};
use crate::schema::{Field, Message, Type};
use crate::walk::WalkError;
use crate::wire::{put_length16, put_length32, put_varint};

pub(super) fn message(value: &Struct, message: &'static Message, version: i16) -> Result<Vec<u8>, WalkError> {
    let writer = Writer::new(message, version);
    let mut out = Vec::new();
    writer.fields(&mut out, value)?;
    Ok(out)
}

/// The elements of an array, without their count.
pub(super) fn elements(
    value: &Struct,
    field: &Field,
    message: &'static Message,
    version: i16,
) -> Result<(usize, Vec<u8>), WalkError> {
    let writer = Writer::new(message, version);
    let mut out = Vec::new();
    let array = value
        .iter()
        .find(|(it, _)| std::ptr::eq(*it, field))
        .and_then(|(_, value)| value.as_array());
    let elements = array.unwrap_or_default();
    for element in elements {
        writer.value(&mut out, field.ty, element)?;
    }
    Ok((elements.len(), out))
}

/// Writes values in one version of a message.
pub(crate) struct Writer {
    pub(crate) version: i16,
    pub(crate) flexible: bool,
}

impl Writer {
    pub(crate) fn new(message: &Message, version: i16) -> Self {
        Self {
            version,
            flexible: message.flexible.contains(version),
        }
    }

    fn fields(&self, out: &mut Vec<u8>, fields: &Struct) -> Result<(), WalkError> {
        let version = self.version;
        let present = || fields.iter().filter(|(field, _)| field.versions.contains(version));
        for (field, value) in present().filter(|(field, _)| !field.is_tagged(version)) {
            self.field(out, field, value)?;
        }
        if !self.flexible {
            return Ok(());
        }
        let mut tagged: Vec<_> = present()
            .filter(|(field, value)| field.is_tagged(version) && **value != Value::default_of(field, version))
            .filter_map(|(field, value)| Some((field.tag?.number, field, value)))
            .collect();
        tagged.sort_by_key(|(number, ..)| *number);
        put_count(out, tagged.len())?;
        for (number, field, value) in tagged {
            let mut payload = Vec::new();
            self.field(&mut payload, field, value)?;
            put_varint(out, number.into());
            put_count(out, payload.len())?;
            out.extend(payload);
        }
        Ok(())
    }

    /// Writes a field with its value, as it stands outside of a tagged section.
    pub(crate) fn field(&self, out: &mut Vec<u8>, field: &'static Field, value: &Value) -> Result<(), WalkError> {
        let nullable = field.nullable.contains(self.version);
        match (value, field.ty) {
            (Value::Null, _) if !nullable => Err(WalkError::Null { field: field.name }),
            (Value::Null, Type::Struct(_)) if !field.array => {
                out.push(0xff);
                Ok(())
            }
            (Value::Null, Type::String) if !field.array => put_length16(out, None, self.flexible),
            (Value::Null, _) => put_length32(out, None, self.flexible),
            (Value::Array(elements), ty) => {
                put_length32(out, Some(elements.len()), self.flexible)?;
                elements.iter().try_for_each(|element| self.value(out, ty, element))
            }
            (value, ty) => {
                if nullable && matches!(ty, Type::Struct(_)) {
                    out.push(1);
                }
                self.value(out, ty, value)
            }
        }
    }

    fn value(&self, out: &mut Vec<u8>, ty: Type, value: &Value) -> Result<(), WalkError> {
        match value {
            Value::Struct(fields) => self.fields(out, fields)?,
            Value::Bytes(bytes) => {
                match ty {
                    Type::String => put_length16(out, Some(bytes.len()), self.flexible)?,
                    _ => put_length32(out, Some(bytes.len()), self.flexible)?,
                }
                out.extend_from_slice(bytes);
            }
            Value::Uuid(uuid) => out.extend_from_slice(uuid),
            Value::Float(number) => out.extend_from_slice(&number.to_be_bytes()),
            Value::Integer(number) => {
                let size = ty.fixed_size().unwrap_or(0).min(8);
                out.extend(number.to_be_bytes().iter().skip(8 - size));
            }
            // Arrays of arrays and null elements don't exist in the protocol.
            Value::Null | Value::Array(_) => {}
        }
        Ok(())
    }
}

fn put_count(out: &mut Vec<u8>, count: usize) -> Result<(), WalkError> {
    put_varint(
        out,
        u32::try_from(count).map_err(|_| WalkError::TooLong { length: count })?,
    );
    Ok(())
}
