//! Reading values, of a message that was checked.

use super::{Struct, Value};
use crate::schema::{Field, Message, Type};
use crate::walk::WalkError;
use crate::wire::Reader;

pub(super) fn message(message: &'static Message, version: i16, body: &[u8]) -> Result<Struct, WalkError> {
    let mut values = Values {
        reader: Reader::new(body),
        version,
        flexible: message.flexible.contains(version),
    };
    values.fields(message.fields)
}

struct Values<'a> {
    reader: Reader<'a>,
    version: i16,
    flexible: bool,
}

impl Values<'_> {
    fn fields(&mut self, fields: &'static [Field]) -> Result<Struct, WalkError> {
        let mut read = Struct::new(fields, self.version);
        for (field, value) in read.iter_mut() {
            if field.is_in_place(self.version) {
                *value = self.field(field)?;
            }
        }
        if self.flexible {
            for _ in 0..self.reader.varint()? {
                let tag = self.reader.varint()?;
                let size = self.reader.varint()?;
                let known = read.iter_mut().find(|(field, _)| {
                    field.is_tagged(self.version) && field.tag.is_some_and(|it| u32::from(it.number) == tag)
                });
                match known {
                    Some((field, value)) => *value = self.field(field)?,
                    None => drop(self.reader.take(size as usize)?),
                }
            }
        }
        Ok(read)
    }

    fn field(&mut self, field: &'static Field) -> Result<Value, WalkError> {
        if field.array {
            let Some(count) = self.reader.length32(self.flexible)? else {
                return Ok(Value::Null);
            };
            // Elements are read one by one: the check before has seen them all.
            return (0..count)
                .map(|_| self.value(field.ty))
                .collect::<Result<_, _>>()
                .map(Value::Array);
        }
        let is_null =
            matches!(field.ty, Type::Struct(_)) && field.nullable.contains(self.version) && self.reader.int8()? < 0;
        if is_null { Ok(Value::Null) } else { self.value(field.ty) }
    }

    fn value(&mut self, ty: Type) -> Result<Value, WalkError> {
        Ok(match ty {
            Type::Bool | Type::Int8 => Value::Integer(self.reader.int8()?.into()),
            Type::Int16 => Value::Integer(self.reader.int16()?.into()),
            Type::Uint16 => Value::Integer(self.reader.int16()?.cast_unsigned().into()),
            Type::Int32 => Value::Integer(self.reader.int32()?.into()),
            Type::Uint32 => Value::Integer(self.reader.int32()?.cast_unsigned().into()),
            Type::Int64 => Value::Integer(self.reader.int64()?),
            Type::Float64 => Value::Float(f64::from_bits(self.reader.int64()?.cast_unsigned())),
            Type::Uuid => Value::Uuid(self.reader.uuid()?),
            Type::String => self.bytes(true)?,
            Type::Bytes | Type::Records => self.bytes(false)?,
            Type::Struct(nested) => Value::Struct(self.fields(nested)?),
        })
    }

    fn bytes(&mut self, is_string: bool) -> Result<Value, WalkError> {
        let length = if is_string {
            self.reader.length16(self.flexible)?
        } else {
            self.reader.length32(self.flexible)?
        };
        Ok(match length {
            Some(length) => Value::Bytes(self.reader.take(length)?.to_vec()),
            None => Value::Null,
        })
    }
}
